/** What is asked again and again. */

/** Of the time of the page and of the centre together: in a storm that takes long to tell, it is asked less often. */
const SHARE_MAX = 0.2

/**
 * Asks, waits, asks again: one question at a time, none while nobody can see the page. Call what it returns to end it.
 * An answer of `false` ends it: this page will never be told. `woken` (`Room.on`): what lets it ask at once, because
 * something changed.
 */
export function repeat(
  period_ms: number,
  ask: () => Promise<boolean | void>,
  woken?: (look: () => void) => () => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let going = true
  let is_asking = false
  let is_woken = false
  /** Not before, whatever changes. */
  let earliest_ms = 0
  const turn = async () => {
    const begun_ms = performance.now()
    is_asking = true
    is_woken = false
    if (document.visibilityState === 'visible' && (await ask()) === false) going = false
    is_asking = false
    const rest_ms = (performance.now() - begun_ms) * (1 / SHARE_MAX - 1)
    earliest_ms = performance.now() + rest_ms
    if (going) timer = setTimeout(turn, is_woken ? rest_ms : Math.max(period_ms, rest_ms))
  }
  const unheard = woken?.(() => {
    is_woken = true
    if (is_asking || !going) return
    clearTimeout(timer)
    timer = setTimeout(turn, Math.max(0, earliest_ms - performance.now()))
  })
  // Not within the effect that starts it: what the question reads must not start it anew.
  queueMicrotask(() => {
    if (going) void turn()
  })
  return () => {
    going = false
    unheard?.()
    clearTimeout(timer)
  }
}
