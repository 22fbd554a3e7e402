/**
 * The drawn map (MapLibre, WebGL), loaded only by the page that shows it. It draws what it is told; where something was
 * pressed it says. Nothing is fetched but the tiles of the centre itself: no glyphs, no sprites, no styles.
 */

import {
  addProtocol,
  LngLatBounds,
  Map as Drawing,
  Marker,
  setWorkerUrl,
  type ExpressionSpecification,
  type GeoJSONSource,
  type LayerSpecification,
  type StyleSpecification,
} from 'maplibre-gl'
import worker_url from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { PMTiles, Protocol } from 'pmtiles'
import { SHAPES } from './Icon.svelte'
import type { LonLat } from './map_places'

export type DrawnCamera = {
  camera: string
  number: number
  at: LonLat
  /** A name of `SHAPES`. */
  shape: keyof typeof SHAPES
  /** A custom property of the page's colours. */
  colour: string
  is_masked: boolean
  wedge: LonLat[] | null
}

export type DrawnAlarm = { alarm: string; at: LonLat; label: string }

const TILES = '/api/map/tiles'
const ICON_PX = 30
const ZOOM_ALONE = 17
const ZOOM_MAX = 21
const FIT_PX = 70
/** In a storm of changes the cameras are drawn anew no oftener. */
const DRAWN_EVERY_MS = 250
/** What layers of usual maps mean (csu, Protomaps, OpenMapTiles, Shortbread, IGN); what is not here is drawn as thin lines. */
const KINDS: [RegExp, Kind][] = [
  [/^(water|water_polygons|ocean|hydro_surf|hydro)/i, 'water'],
  [/^(landuse|landcover|park|land|natural|vegetation|occupation_sol)/i, 'land'],
  [/^(earth|background)/i, 'earth'],
  [/^(buildings?|batiment|bati|bati_surf)/i, 'building'],
  [/^(roads?|streets|transportation|transit|routier|troncon)/i, 'road'],
  [/^(bound|admin|communes?|limite)/i, 'border'],
  [/(label|name|places?|poi|toponyme|housenumber|addresses|aerodrome|mountain_peak)/i, 'words'],
]
type Kind = 'water' | 'land' | 'earth' | 'building' | 'road' | 'border' | 'words'

let is_ready = false

/** Whether this browser draws maps at all. */
export function draws_maps(): boolean {
  const context = document.createElement('canvas').getContext('webgl2')
  context?.getExtension('WEBGL_lose_context')?.loseContext()
  return context !== null
}

export class MapCanvas {
  #drawing: Drawing
  /** Layers of the tiles; null: there are no tiles. */
  #names: string[] | null = null
  #layers: string[] = []
  #cameras: DrawnCamera[] = []
  #chosen: string | null = null
  #alarms = new Map<string, Marker>()
  #ready: Promise<void>
  #due: ReturnType<typeof setTimeout> | undefined
  #bounds: LngLatBounds | null = null

  constructor(
    private container: HTMLElement,
    form: 'vector' | 'raster' | null,
    private on: { pick: (camera: string) => void; open: (camera: string) => void; alarm: (alarm: string) => void; trouble: () => void },
  ) {
    if (!is_ready) {
      setWorkerUrl(new URL(worker_url, location.href).href)
      is_ready = true
    }
    this.#drawing = new Drawing({
      container,
      style: bare(),
      attributionControl: false,
      maxZoom: ZOOM_MAX,
      keyboard: false, // the page has the keys
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      center: [0, 0],
      zoom: 15,
    })
    this.#drawing.touchZoomRotate.disableRotation()
    this.#drawing.on('click', (event) => this.#pressed(event.point, this.on.pick))
    this.#drawing.on('dblclick', (event) => {
      if (this.#pressed(event.point, this.on.open)) event.preventDefault()
    })
    this.#drawing.on('mousemove', (event) => {
      this.#drawing.getCanvas().style.cursor = this.#under(event.point) === null ? '' : 'pointer'
    })
    this.#drawing.on('idle', () => (container.dataset.idle = String(Number(container.dataset.idle ?? 0) + 1)))
    this.#drawing.getCanvas().tabIndex = -1 // the list beside it is what the keyboard reaches
    this.#drawing.getCanvas().addEventListener('webglcontextlost', () => this.on.trouble())
    this.#ready = new Promise((done) => this.#drawing.once('load', () => void this.#open(form).then(done)))
  }

  end(): void {
    clearTimeout(this.#due)
    this.#drawing.remove()
  }

  /** In the colours that the page has now. */
  async paint(): Promise<void> {
    await this.#ready
    const colour = colours(this.container)
    for (const layer of this.#layers) this.#drawing.removeLayer(layer)
    this.#layers = []
    this.#drawing.setPaintProperty('ground', 'background-color', colour('--map-ground'))
    for (const layer of [...this.#city(colour), ...over(colour)]) {
      this.#drawing.addLayer(layer)
      this.#layers.push(layer.id)
    }
    for (const name of this.#drawing.listImages()) this.#drawing.removeImage(name)
    this.#draw()
  }

  async show(cameras: DrawnCamera[]): Promise<void> {
    this.#cameras = cameras
    await this.#ready
    if (this.#due !== undefined) return
    this.#due = setTimeout(() => {
      this.#due = undefined
      this.#draw()
    }, DRAWN_EVERY_MS)
  }

  /** One stands out. Apart from the others: a step from one to the next draws no thousand cameras anew. */
  async choose(camera: string | null): Promise<void> {
    await this.#ready
    this.#chosen = camera
    this.#draw_chosen()
  }

  async alarm(alarms: DrawnAlarm[]): Promise<void> {
    await this.#ready
    const wanted = new Map(alarms.map((each) => [each.alarm, each]))
    for (const [alarm, marker] of this.#alarms) {
      if (wanted.has(alarm)) continue
      marker.remove()
      this.#alarms.delete(alarm)
    }
    for (const { alarm, at, label } of alarms) {
      const marker = this.#alarms.get(alarm) ?? this.#ring(alarm)
      marker.setLngLat(at).addTo(this.#drawing)
      const words = marker.getElement().querySelector('span')
      if (words !== null) words.textContent = label
    }
  }

  /** All that is known into sight. */
  async fit(): Promise<void> {
    await this.#ready
    const bounds = new LngLatBounds()
    for (const { at } of this.#cameras) bounds.extend(at)
    for (const marker of this.#alarms.values()) bounds.extend(marker.getLngLat())
    const all = bounds.isEmpty() ? this.#bounds : bounds
    if (all !== null) this.#drawing.fitBounds(all, { padding: FIT_PX, maxZoom: ZOOM_ALONE + 1, animate: false })
  }

  /** That place into sight, if it is not. */
  async bring(at: LonLat): Promise<void> {
    await this.#ready
    const { x, y } = this.#drawing.project(at)
    const { clientWidth: width, clientHeight: height } = this.container
    const is_in_sight = x > FIT_PX && x < width - FIT_PX && y > FIT_PX && y < height - FIT_PX
    if (!is_in_sight) this.#drawing.easeTo({ center: at, duration: calm() ? 0 : 250 })
  }

  zoom(by: number): void {
    const chosen = this.#cameras.find(({ camera }) => camera === this.#chosen)
    const around = chosen === undefined ? {} : { around: chosen.at }
    void this.#drawing.easeTo({ zoom: this.#drawing.getZoom() + by, duration: calm() ? 0 : 200, ...around })
  }

  async #open(form: 'vector' | 'raster' | null): Promise<void> {
    for (const name of ['wedges', 'cameras', 'chosen']) this.#drawing.addSource(name, { type: 'geojson', data: collection([]) })
    if (form !== null) await this.#open_tiles(form)
  }

  async #open_tiles(form: 'vector' | 'raster'): Promise<void> {
    const url = new URL(TILES, location.href).href
    const protocol = new Protocol()
    addProtocol('pmtiles', protocol.tile)
    const tiles = new PMTiles(url)
    protocol.add(tiles)
    try {
      const { minLon, minLat, maxLon, maxLat } = await tiles.getHeader()
      this.#bounds = new LngLatBounds([minLon, minLat], [maxLon, maxLat])
      this.#drawing.addSource('city', { type: form, url: `pmtiles://${url}` })
      const said = form === 'vector' ? ((await tiles.getMetadata()) as { vector_layers?: { id: string }[] }) : {}
      this.#names = (said.vector_layers ?? []).map(({ id }) => id)
    } catch {
      this.on.trouble()
    }
  }

  #city(colour: Colour): LayerSpecification[] {
    const layers = this.#names
    if (layers === null) return []
    if (this.#drawing.getSource('city')?.type === 'raster') return [{ id: 'city', type: 'raster', source: 'city' }]
    const order: Kind[] = ['earth', 'land', 'water', 'building', 'road', 'border']
    const kind_of = (name: string): Kind | null => KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? null
    return [
      ...order.flatMap((kind) => layers.filter((name) => kind_of(name) === kind).flatMap((name) => of_kind(kind, name, colour))),
      ...layers.filter((name) => kind_of(name) === null).flatMap((name) => (name === 'csu' ? own(colour) : lines(name, colour))),
    ]
  }

  #draw(): void {
    const cameras = this.#cameras.map(({ camera, number, at, shape, colour, is_masked }) => {
      const icon = `${shape} ${colour} ${is_masked}`
      if (!this.#drawing.hasImage(icon)) this.#drawing.addImage(icon, picture(shape, colour, is_masked, this.container), { pixelRatio: 2 })
      const order = shape === 'live' ? 0 : 1
      return feature({ type: 'Point', coordinates: at }, { camera, number: String(number), icon, order })
    })
    const wedges = this.#cameras.flatMap(({ wedge }) => (wedge === null ? [] : [feature({ type: 'Polygon', coordinates: [wedge] }, {})]))
    this.#tell('cameras', cameras)
    this.#tell('wedges', wedges)
    this.#draw_chosen()
  }

  #draw_chosen(): void {
    const found = this.#cameras.find(({ camera }) => camera === this.#chosen)
    const features = found === undefined ? [] : [feature({ type: 'Point', coordinates: found.at }, {})]
    if (found?.wedge != null) features.push(feature({ type: 'Polygon', coordinates: [found.wedge] }, {}))
    this.#tell('chosen', features)
  }

  #tell(source: string, features: ReturnType<typeof feature>[]): void {
    void this.#drawing.getSource<GeoJSONSource>(source)?.setData(collection(features))
  }

  #under(point: { x: number; y: number }): string | null {
    if (!this.#layers.includes('cameras')) return null
    const around: [[number, number], [number, number]] = [
      [point.x - 8, point.y - 8],
      [point.x + 8, point.y + 8],
    ]
    const found = this.#drawing.queryRenderedFeatures(around, { layers: ['cameras'] })
    return (found[0]?.properties['camera'] as string | undefined) ?? null
  }

  #pressed(point: { x: number; y: number }, tell: (camera: string) => void): boolean {
    const camera = this.#under(point)
    if (camera !== null) tell(camera)
    return camera !== null
  }

  #ring(alarm: string): Marker {
    const element = document.createElement('button')
    element.type = 'button'
    element.tabIndex = -1 // the list of alarms has the keys
    element.className = 'map-alarm'
    element.dataset.alarm = alarm
    const bell = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    bell.setAttribute('viewBox', '0 0 16 16')
    bell.setAttribute('class', 'icon')
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    path.setAttribute('d', SHAPES.bell)
    bell.append(path)
    element.append(bell, document.createElement('span'))
    element.addEventListener('click', (event) => {
      event.stopPropagation()
      this.on.alarm(alarm)
    })
    const marker = new Marker({ element, anchor: 'bottom' })
    this.#alarms.set(alarm, marker)
    return marker
  }
}

type Colour = (name: string) => string

function colours(element: HTMLElement): Colour {
  const style = getComputedStyle(element)
  return (name) => style.getPropertyValue(name).trim()
}

function calm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}

function bare(): StyleSpecification {
  return { version: 8, sources: {}, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': '#000' } }] }
}

function of_kind(kind: Kind, layer: string, colour: Colour): LayerSpecification[] {
  const from = { source: 'city', 'source-layer': layer }
  const area = (token: string): LayerSpecification => ({
    id: `${layer} area`,
    type: 'fill',
    ...from,
    filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'fill-color': colour(token) },
  })
  const line = (token: string, width: ExpressionSpecification | number, dashes?: number[]): LayerSpecification => ({
    id: `${layer} line`,
    type: 'line',
    ...from,
    paint: { 'line-color': colour(token), 'line-width': width, ...(dashes === undefined ? {} : { 'line-dasharray': dashes }) },
  })
  const grows: ExpressionSpecification = ['interpolate', ['exponential', 1.6], ['zoom'], 8, 0.6, 14, 2.2, 18, 16]
  if (kind === 'earth') return [area('--map-earth')]
  if (kind === 'land') return [area('--map-land')]
  if (kind === 'water') return [area('--map-water'), line('--map-water', 1)]
  if (kind === 'building') return [area('--map-building'), line('--map-edge', 0.8)]
  if (kind === 'road') return [line('--map-road', grows)]
  if (kind === 'border') return [line('--map-border', 1.6, [4, 2])]
  return []
}

/** The layer that the centre makes of its own site. */
function own(colour: Colour): LayerSpecification[] {
  const from = { source: 'city', 'source-layer': 'csu' }
  const is_dwelling: ExpressionSpecification = ['==', ['get', 'kind'], 'dwelling']
  const fill: ExpressionSpecification = ['case', is_dwelling, colour('--map-dwelling'), colour('--map-building')]
  return [
    { id: 'csu area', type: 'fill', ...from, paint: { 'fill-color': fill } },
    { id: 'csu line', type: 'line', ...from, paint: { 'line-color': colour('--map-edge'), 'line-width': 1 } },
  ]
}

function lines(layer: string, colour: Colour): LayerSpecification[] {
  return [{ id: `${layer} line`, type: 'line', source: 'city', 'source-layer': layer, paint: { 'line-color': colour('--map-edge'), 'line-width': 0.8 } }]
}

/** Cameras, their numbers (by the browser's own fonts: no glyphs are fetched), and where they look. */
function over(colour: Colour): LayerSpecification[] {
  const grows: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], 10, 0.35, 14, 0.7, 16.5, 1]
  const wedge = (source: string, opacity: number, width: number): LayerSpecification[] => [
    {
      id: `${source} area`,
      type: 'fill',
      source,
      minzoom: 13,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': colour('--accent'), 'fill-opacity': opacity },
    },
    {
      id: `${source} edges`,
      type: 'line',
      source,
      minzoom: 13,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'line-color': colour('--accent'), 'line-width': width, 'line-opacity': 0.5 + opacity },
    },
  ]
  return [
    ...wedge('wedges', 0.16, 0.8),
    ...wedge('chosen', 0.36, 2),
    {
      id: 'chosen',
      type: 'circle',
      source: 'chosen',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 20,
        'circle-color': 'transparent',
        'circle-stroke-color': colour('--accent'),
        'circle-stroke-width': 4,
      },
    },
    {
      id: 'cameras',
      type: 'symbol',
      source: 'cameras',
      layout: {
        'icon-image': ['get', 'icon'],
        'icon-size': grows,
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': ['get', 'order'],
        'text-field': ['get', 'number'],
        'text-font': ['DejaVu Sans Bold'],
        'text-size': 13,
        'text-offset': [0, 1.5],
        'text-optional': true,
      },
      paint: { 'text-color': colour('--ink'), 'text-halo-color': colour('--map-ground'), 'text-halo-width': 2 },
    },
  ]
}

/** The sign of a state in a disc; of a camera that is wholly masked the rim is broken. */
function picture(shape: keyof typeof SHAPES, token: string, is_masked: boolean, of: HTMLElement): ImageData {
  const colour = colours(of)
  const [size, middle] = [2 * ICON_PX, ICON_PX]
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size
  const context = canvas.getContext('2d')
  if (context === null) return new ImageData(size, size)
  context.beginPath()
  context.arc(middle, middle, middle - 5, 0, 2 * Math.PI)
  context.fillStyle = colour('--panel')
  context.fill()
  context.strokeStyle = colour(is_masked ? '--late' : token)
  context.lineWidth = 5
  if (is_masked) context.setLineDash([9, 6])
  context.stroke()
  context.setLineDash([])
  const scale = 2
  context.translate(middle - 8 * scale, middle - 8 * scale)
  context.scale(scale, scale)
  context.fillStyle = colour(token)
  context.fill(new Path2D(SHAPES[shape]), 'evenodd')
  return context.getImageData(0, 0, size, size)
}

type Geometry = { type: 'Point'; coordinates: LonLat } | { type: 'Polygon'; coordinates: LonLat[][] }

function feature(geometry: Geometry, properties: Record<string, string | number | boolean>) {
  return { type: 'Feature' as const, geometry, properties }
}

function collection(features: ReturnType<typeof feature>[]) {
  return { type: 'FeatureCollection' as const, features }
}
