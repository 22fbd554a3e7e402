/** The pages of the console: their key, their component, their help. One entry makes a page; the server says who may open it. */

import type { Component } from 'svelte'
import type { Account } from './account.svelte'
import Administration from './Administration.svelte'
import { ALARM_WORDS } from './alarm_words'
import Desk from './Desk.svelte'
import { DESK_WORDS } from './desk_words'
import Alarms from './Alarms.svelte'
import Analysis from './Analysis.svelte'
import { ANALYSIS_WORDS } from './analysis_words'
import Commune from './Commune.svelte'
import { COMMUNE_WORDS } from './commune_words'
import { INVENTORY_WORDS } from './inventory_words'
import { EVENT_WORDS } from './event_words'
import Events from './Events.svelte'
import { DPO_WORDS } from './dpo_words'
import Dpo from './Dpo.svelte'
import Deport from './Deport.svelte'
import { DEPORT_WORDS } from './deport_words'
import Enforcement from './Enforcement.svelte'
import { ENFORCEMENT_WORDS } from './enforcement_words'
import Live from './Live.svelte'
import Log from './Log.svelte'
import { LOG_WORDS } from './log_words'
import Map from './Map.svelte'
import { MAP_WORDS } from './map_words'
import { PTZ_WORDS } from './ptz_words'
import Received from './Received.svelte'
import type { Room } from './room.svelte'
import Service from './Service.svelte'
import { SERVICE_WORDS } from './service_words'
import Statistics from './Statistics.svelte'
import { STATISTICS_WORDS } from './statistics_words'
import Wall from './Wall.svelte'
import { WALL_WORDS } from './wall_words'
import { WORDS, type Said, type Language } from './words'

export type PageProps = {
  room: Room
  account: Account
  language: Language
  /** What of the page the address names, after `#page/`; empty: nothing. */
  of: string
  /** Opens another page, or another thing of this one; without `of` what that page had last. */
  go: (page: string, of?: string) => void
}

export type Page = {
  /** As its address and the server name it (`csu/console/pages.py`). */
  name: string
  /** The letter that leads to it, and back to the live page. No two pages have the same. */
  key: string
  words: Said
  component: Component<PageProps>
  /** What its own keys do. */
  help: (language: Language) => string[][]
  /** Letters that mean something else here than in the rest of the console. */
  own_letters?: string
}

/** In the order in which they are offered. */
export const PAGES: Page[] = [
  { name: 'live', key: 'v', words: { fr: 'Direct', en: 'Live' }, component: Live, help: live_help },
  { name: 'map', key: 'g', words: { fr: 'Carte', en: 'Map' }, component: Map, help: map_help },
  { name: 'wall', key: 'm', words: { fr: 'Mur d’images', en: 'Video wall' }, component: Wall, help: wall_help },
  { name: 'alarms', key: 'a', words: { fr: 'Alarmes', en: 'Alarms' }, component: Alarms, help: alarms_help, own_letters: 't' },
  { name: 'analysis', key: 'w', words: { fr: 'Analyse', en: 'Analysis' }, component: Analysis, help: analysis_help, own_letters: 'cdxh' },
  { name: 'log', key: 'j', words: { fr: 'Main courante', en: 'Operations log' }, component: Log, help: log_help },
  { name: 'deport', key: 'f', words: { fr: 'Déport', en: 'Deport' }, component: Deport, help: deport_help, own_letters: 'npxg' },
  { name: 'enforcement', key: 'k', words: { fr: 'Constats', en: 'Tickets' }, component: Enforcement, help: enforcement_help, own_letters: 'ncwxzp' },
  { name: 'received', key: 'y', words: { fr: 'Images reçues', en: 'Received' }, component: Received, help: received_help },
  { name: 'service', key: 's', words: { fr: 'Vacations', en: 'Shifts' }, component: Service, help: service_help },
  { name: 'events', key: 'e', words: { fr: 'Événements', en: 'Events' }, component: Events, help: events_help },
  { name: 'desk', key: 'q', words: { fr: 'Réquisitions', en: 'Requisitions' }, component: Desk, help: desk_help, own_letters: 'nh' },
  { name: 'dpo', key: 'd', words: { fr: 'DPD', en: 'DPO' }, component: Dpo, help: dpo_help },
  { name: 'commune', key: 'o', words: { fr: 'Commune', en: 'Commune' }, component: Commune, help: commune_help },
  { name: 'statistics', key: 'u', words: { fr: 'Comptages', en: 'Counts' }, component: Statistics, help: statistics_help },
  { name: 'administration', key: 'i', words: { fr: 'Administration', en: 'Administration' }, component: Administration, help: administration_help },
]

/** The page and the thing that an address names: `#alarms/a-12`. No such page: null. */
export function named(hash: string): { page: string; of: string } | null {
  const [name, ...of] = hash.replace(/^#/, '').split('/')
  const page = PAGES.find((each) => each.name === name)
  return page === undefined ? null : { page: page.name, of: decodeURIComponent(of.join('/')) }
}

function live_help(language: Language): string[][] {
  const [words, ptz] = [WORDS[language], PTZ_WORDS[language]]
  return [
    [words.key_names.arrows, words.keys.arrows],
    [words.key_names.enter, words.keys.enter],
    [words.key_names.escape, words.keys.escape],
    [words.key_names.pages, words.keys.pages],
    [ptz.key_names.turn, ptz.keys.turn],
    ['+ −', ptz.keys.zoom],
    ['r', ptz.keys.give_back],
    ['1 … 9', ptz.keys.preset],
    [ptz.key_names.point, ptz.keys.point],
  ]
}

function map_help(language: Language): string[][] {
  const [words, map] = [WORDS[language], MAP_WORDS[language]]
  return [
    [words.key_names.arrows, map.keys.arrows],
    [words.key_names.enter, map.keys.enter],
    ['+ −', map.keys.zoom],
    ['0', map.keys.whole],
    [map.key_names.next, map.keys.next],
    ['/', map.keys.filter],
    [words.key_names.escape, map.keys.escape],
  ]
}

function wall_help(language: Language): string[][] {
  const [words, wall] = [WORDS[language], WALL_WORDS[language]]
  return [
    [words.key_names.arrows, wall.keys.arrows],
    [words.key_names.enter, wall.keys.enter],
    ['/', wall.keys.filter],
    [wall.key_names.free, wall.keys.free],
    ['k', wall.keys.lock],
    [wall.key_names.undo, wall.keys.undo],
    [words.key_names.escape, wall.keys.escape],
  ]
}

function alarms_help(language: Language): string[][] {
  const [words, alarms] = [WORDS[language], ALARM_WORDS[language]]
  return [
    [alarms.key_names.arrows, alarms.keys.arrows],
    [alarms.key_names.cameras, alarms.keys.cameras],
    [words.key_names.enter, alarms.keys.enter],
    [alarms.key_names.qualify, alarms.keys.qualify],
    ['p', alarms.keys.police],
    [words.key_names.escape, alarms.keys.escape],
  ]
}

function analysis_help(language: Language): string[][] {
  const [words, { keys, key_names }] = [WORDS[language], ANALYSIS_WORDS[language]]
  return [
    ['1 2 3', keys.parts],
    ['↑ ↓', keys.arrows],
    ['c', keys.confirm],
    ['d', keys.doubt],
    ['x', keys.dismiss],
    ['/', keys.filter],
    [key_names.drawing, keys.drawing],
    ['h', keys.stop],
    [words.key_names.escape, keys.escape],
  ]
}

function log_help(language: Language): string[][] {
  const [words, log] = [WORDS[language], LOG_WORDS[language]]
  return [
    ['↑ ↓', log.keys.arrows],
    [log.key_names.end, log.keys.end],
    [words.key_names.enter, log.keys.enter],
    ['n', log.keys.text],
    [log.key_names.write, log.keys.write],
    ['c', log.keys.correct],
    ['/', log.keys.filter],
    [words.key_names.escape, log.keys.escape],
  ]
}

function service_help(language: Language): string[][] {
  const [words, service] = [WORDS[language], SERVICE_WORDS[language]]
  return [
    ['← →', service.keys.weeks],
    ['n', service.keys.note],
    ['k', service.keys.sign],
    ['c', service.keys.edit],
    [words.key_names.escape, service.keys.escape],
  ]
}

function events_help(language: Language): string[][] {
  const [words, events] = [WORDS[language], EVENT_WORDS[language]]
  return [
    ['↑ ↓', events.keys.arrows],
    ['n', events.keys.add],
    ['c', events.keys.change],
    [words.key_names.escape, events.keys.escape],
  ]
}

function dpo_help(language: Language): string[][] {
  const [words, dpo] = [WORDS[language], DPO_WORDS[language]]
  return [
    ['1 … 6', dpo.keys.parts],
    [words.key_names.enter, dpo.keys.enter],
    [words.key_names.escape, dpo.keys.escape],
  ]
}

function deport_help(language: Language): string[][] {
  const [words, deport] = [WORDS[language], DEPORT_WORDS[language]]
  return [
    ['↑ ↓', deport.keys.arrows],
    ['n', deport.keys.new],
    ['x', deport.keys.stop],
    ['p', deport.keys.prolong],
    ['g', deport.keys.calls],
    [words.key_names.escape, deport.keys.escape],
  ]
}

function enforcement_help(language: Language): string[][] {
  const [words, { keys, key_names }] = [WORDS[language], ENFORCEMENT_WORDS[language]]
  return [
    [key_names.cameras, keys.cameras],
    [key_names.offences, keys.offences],
    ['n', keys.open],
    ['c', keys.close],
    ['w', keys.context],
    ['x', keys.draw],
    [key_names.drawing, keys.drawing],
    ['z', keys.stop],
    ['p', keys.plate],
    [words.key_names.escape, keys.escape],
  ]
}

function received_help(language: Language): string[][] {
  const [words, deport] = [WORDS[language], DEPORT_WORDS[language]]
  return [[words.key_names.enter, deport.keys.grow]]
}

function desk_help(language: Language): string[][] {
  const [words, desk] = [WORDS[language], DESK_WORDS[language]]
  return [
    ['↑ ↓', desk.keys.arrows],
    [words.key_names.enter, desk.keys.enter],
    ['n', desk.keys.new_act],
    ['h', desk.keys.holds],
    ['/', desk.keys.filter],
    [words.key_names.escape, desk.keys.escape],
  ]
}

function commune_help(language: Language): string[][] {
  const [words, keys] = [WORDS[language], COMMUNE_WORDS[language].keys_help]
  return [
    ['/', keys.filter],
    ['[ ]', keys.month],
    ['r', keys.again],
    [words.key_names.escape, keys.all],
  ]
}

function statistics_help(language: Language): string[][] {
  const keys = STATISTICS_WORDS[language].keys_help
  return [
    ['1 2 3', keys.kinds],
    ['← →', keys.arrows],
    ['r', keys.again],
  ]
}

function administration_help(language: Language): string[][] {
  const [words, { keys }] = [WORDS[language], INVENTORY_WORDS[language]]
  return [
    ['1 2 3', keys.tabs],
    ['/', keys.filter],
    ['↑ ↓', keys.arrows],
    [words.key_names.enter, keys.enter],
    [words.key_names.pages, keys.pages],
    [words.key_names.escape, keys.escape],
  ]
}
