// The page of strangers: no framework, nothing but what coming in needs.
'use strict'

const by_id = (id) => document.getElementById(id)
const TROUBLE = { fr: 'La console ne répond pas. Réessayez.', en: 'The console does not answer. Try again.' }
const NO_PASSKEY = { fr: "Pas de clé d'accès ici, ou elle n'a pas répondu.", en: 'No passkey here, or it did not answer.' }
const OF_PROVIDER = {
  silent: {
    fr: "Le fournisseur d'identité ne répond pas. Entrez par mot de passe ou clé d'accès.",
    en: 'The identity provider does not answer. Sign in by password or passkey.',
  },
  refused: {
    fr: "Le fournisseur d'identité ne prouve pas ici qui vous êtes, avec deux facteurs. L'administrateur relie les comptes.",
    en: 'The identity provider does not prove here who you are, by two factors. The administrator binds accounts.',
  },
}

let language = new URLSearchParams(location.search).get('lang') === 'en' ? 'en' : 'fr'
let ticket = ''
let proved = false
let roles = []

function speak() {
  document.documentElement.lang = language
  document.title = language === 'fr' ? 'csu — Entrer' : 'csu — Sign in'
  for (const each of document.querySelectorAll('[data-fr]')) each.textContent = each.dataset[language]
  by_id('language').textContent = language === 'fr' ? 'English' : 'Français'
  by_id('language').lang = language === 'fr' ? 'en' : 'fr'
  for (const each of document.querySelectorAll('[data-role]')) {
    each.textContent = roles.find((known) => known.role === each.dataset.role).words[language]
  }
}

function tell(text) {
  by_id('told').textContent = text
}

/** The answer's body; null: it was refused, and the page says so. */
async function ask(path, body) {
  tell('')
  for (const button of document.querySelectorAll('button')) button.disabled = true
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    const told = await answer.json()
    if (answer.ok) return told
    const detail = told.detail?.[language]
    tell(detail ? `${told[language]} ${detail}.` : told[language])
  } catch {
    tell(TROUBLE[language])
  } finally {
    for (const button of document.querySelectorAll('button')) button.disabled = false
  }
  return null
}

/** The second step: the code of the generator, or after a passkey the role alone. */
function go_on(begun, is_proved) {
  ticket = begun.ticket
  roles = begun.roles
  proved = is_proved
  by_id('secret').value = ''
  show_roles()
  by_id('password').hidden = true
  by_id('code').hidden = false
  by_id('of-code').hidden = is_proved
  by_id('digits').required = !is_proved
  ;(is_proved ? document.querySelector('input[name=role]') : by_id('digits')).focus()
}

function show_roles() {
  const set = by_id('roles')
  for (const old of set.querySelectorAll('label')) old.remove()
  for (const [index, each] of roles.entries()) {
    const label = document.createElement('label')
    const choice = document.createElement('input')
    const words = document.createElement('span')
    Object.assign(choice, { type: 'radio', name: 'role', value: each.role, required: true, checked: index === 0 })
    words.dataset.role = each.role
    label.append(choice, words)
    set.append(label)
  }
  speak()
}

function go_in() {
  location.replace(language === 'en' ? '/?lang=en' : '/')
}

by_id('password').addEventListener('submit', async (event) => {
  event.preventDefault()
  const begun = await ask('/api/sign-in', { account: by_id('account').value.trim(), password: by_id('secret').value })
  if (begun === null) return by_id('secret').select()
  go_on(begun, false)
})

by_id('code').addEventListener('submit', async (event) => {
  event.preventDefault()
  const role = document.querySelector('input[name=role]:checked')?.value
  const opened = proved
    ? await ask('/api/sign-in/role', { ticket, role })
    : await ask('/api/sign-in/code', { ticket, code: by_id('digits').value, role })
  if (opened !== null) return go_in()
  by_id('digits').select()
})

by_id('back').addEventListener('click', () => {
  by_id('code').hidden = true
  by_id('password').hidden = false
  by_id('digits').value = ''
  tell('')
  by_id('account').focus()
})

by_id('passkey').addEventListener('click', async () => {
  const asked = await ask('/api/sign-in/passkey/challenge', {})
  if (asked === null) return
  let credential
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.options)
    credential = (await navigator.credentials.get({ publicKey })).toJSON()
  } catch {
    return tell(NO_PASSKEY[language])
  }
  const answered = await ask('/api/sign-in/passkey', { challenge: asked.challenge, credential })
  if (answered === null) return
  if ('ticket' in answered) go_on(answered, true)
  else go_in()
})

by_id('provider').addEventListener('click', () => location.assign('/sign-in/oidc'))

/** What the identity provider's answer left in the address: nothing of it stays there. */
async function come_back() {
  const left = new URLSearchParams(location.hash.slice(1))
  history.replaceState(null, '', location.pathname + location.search)
  const found = left.get('ticket')
  if (found !== null) {
    const begun = await ask('/api/sign-in/proved', { ticket: found })
    if (begun !== null && begun.roles.length === 1) {
      if ((await ask('/api/sign-in/role', { ticket: found, role: begun.roles[0].role })) !== null) return go_in()
    } else if (begun !== null) return go_on(begun, true)
  }
  const told = OF_PROVIDER[left.get('provider')]
  if (told !== undefined) tell(told[language])
}

async function ways() {
  const answer = await fetch('/api/sign-in/ways')
  if (answer.ok) by_id('provider').hidden = !(await answer.json()).provider
}

by_id('language').addEventListener('click', () => {
  language = language === 'fr' ? 'en' : 'fr'
  speak()
})

speak()
void ways().catch(() => tell(TROUBLE[language]))
void come_back()
