// Plays scenarios (JSON on standard input) into npm openai-realtime-api and prints what it made of them.
// usage: node upstream.mjs <path of its dist/index.js>
import { readFileSync } from 'node:fs'

const { RealtimeClient } = await import(process.argv[2])
const scenarios = JSON.parse(readFileSync(0, 'utf8'))
const said = ({ type, item }) => [type, item ?? null]
const results = {}
for (const [name, steps] of Object.entries(scenarios)) {
  const client = new RealtimeClient()
  const events = []
  for (const type of ['updated', 'item.appended', 'item.completed', 'interrupted']) {
    client.on(`conversation.${type}`, (event) => events.push([type, event.item?.id ?? null]))
  }
  const sent = []
  client.realtime.ws = { send: (text) => sent.push(said(JSON.parse(text))) }
  for (const step of steps) {
    if (step.append) client.appendInputAudio(Int16Array.from(step.append))
    else if (step.respond) client.createResponse()
    else if (step.tool) client.addTool({ name: step.tool, parameters: {} }, () => step.returns)
    else client.realtime.receive(step.type, step)
  }
  await new Promise((resolve) => setTimeout(resolve))
  const items = client.conversation.getItems().map((item) => ({
    id: item.id,
    type: item.type,
    role: item.role ?? null,
    status: item.status ?? null,
    content: item.content ?? [],
    arguments: item.arguments ?? null,
    text: item.formatted.text,
    transcript: item.formatted.transcript,
    audio: Array.from(item.formatted.audio),
    tool: item.formatted.tool ?? null,
    output: item.formatted.output ?? null
  }))
  results[name] = { items, events, sent: sent.filter(([type]) => type !== 'session.update') }
}
console.log(JSON.stringify(results))
