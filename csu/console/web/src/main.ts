import { mount } from 'svelte'
import App from './App.svelte'
import './style.css'
import './ptz.css'
import './wall.css'
import './alarms.css'
import './log.css'
import './deport.css'
import './enforcement.css'
import './speaker.css'
import './desk.css'
import './commune.css'
import './statistics.css'
import './dpo.css'
import './analysis.css'

const target = document.getElementById('page')
if (target === null) throw new Error('index.html has no #page')
mount(App, { target })
