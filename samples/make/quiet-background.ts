// Multicast name look-ups of an office: mDNS (RFC 6762) and LLMNR (RFC 4795), questions to a group and answers nobody pairs.

import { encodeMessage, type Message } from './message.ts'
import type { Recording } from './recording.ts'
import { address, nameRecord, srv, txt } from './records.ts'

const flush = 0x8001

/** Adds an hour of printers announcing themselves and hosts looking for names that no server has. */
export function addBackground(recording: Recording): void {
  const { random } = recording
  for (let i = 0; i < 60; i++) {
    const at = random.between(1, 3590)
    const client = `192.0.2.${random.integer(10, 34)}`
    multicast(recording, at, client, {
      id: 0,
      questions: [{ name: '_ipp._tcp.local', type: 'PTR' }],
    })
    if (random.chance(0.7)) multicast(recording, at + 0.09, '192.0.2.201', announcement())
  }
  for (let i = 0; i < 40; i++) {
    const at = random.between(1, 3590)
    const six = random.chance(0.4)
    const client = six ? '2001:db8:1::15' : `192.0.2.${random.integer(10, 34)}`
    const port = random.integer(49152, 65536)
    const id = random.integer(0, 65536)
    const questions = [
      { name: random.pick(['wpad', 'printer-2', 'fileserver']), type: 'A' },
    ] as const
    const to = { address: six ? 'ff02::1:3' : '224.0.0.252', port: 5355 }
    const question = encodeMessage({ id, questions })
    recording.datagram(at, { address: client, port }, to, question, 1)
    if (questions[0].name !== 'printer-2' || six) continue
    const answers = [address('printer-2', 30, '192.0.2.202')]
    const reply = encodeMessage({ id, response: true, questions, answers })
    const from = { address: '192.0.2.202', port: 5355 }
    recording.datagram(at + 0.004, from, { address: client, port }, reply, 64)
  }
}

const mdnsGroup = { address: '224.0.0.251', port: 5353 }

function multicast(recording: Recording, at: number, sender: string, message: Message): void {
  const from = { address: sender, port: mdnsGroup.port }
  recording.datagram(at, from, mdnsGroup, encodeMessage(message), 255)
}

function announcement(): Message {
  const instance = 'Printer 1._ipp._tcp.local'
  return {
    id: 0,
    response: true,
    aa: true,
    questions: [],
    answers: [nameRecord('PTR', '_ipp._tcp.local', 4500, instance)],
    additionals: [
      { ...srv(instance, 120, 631, 'printer-1.local'), class: flush },
      { ...txt(instance, 4500, 'txtvers=1', 'rp=ipp/print'), class: flush },
      { ...address('printer-1.local', 120, '192.0.2.201'), class: flush },
    ],
  }
}
