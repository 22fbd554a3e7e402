/** What is asked again and again. */

/** Asks, waits, asks again: one question at a time, none while nobody can see the page. Call what it returns to end it. */
export function repeat(period_ms: number, ask: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let going = true
  const turn = async () => {
    if (document.visibilityState === 'visible') await ask()
    if (going) timer = setTimeout(turn, period_ms)
  }
  void turn()
  return () => {
    going = false
    clearTimeout(timer)
  }
}
