/** Which messages of an execution a commit holds. */
import { expect, test } from 'vitest'
import { ExecutionInbox } from '../../../src/actors/execution/execution-inbox.js'

test('a message that comes while a commit is in flight is consumed by the next one, and by that alone', () => {
  const mail = new ExecutionInbox()
  const inFlight = mail.collect('running', 1, false)
  mail.delivered(7)
  expect(inFlight).toEqual([])
  expect(mail.collect('running', 2, false)).toEqual([{ seq: 7, answer: null }])
  expect(mail.collect('running', 3, false)).toEqual([])
})

test('a message is read once, until its commit is durable', async () => {
  const mail = new ExecutionInbox()
  const message = { seq: 7, executionId: 'a', kind: 'event', payload: '', at: 0 } as const
  const read = () => mail.read(() => Promise.resolve([message]))
  expect(await read()).toEqual([message])
  mail.delivered(7)
  expect(await read()).toEqual([])
  mail.acknowledged(mail.collect('running', 1, false))
  expect(await read()).toEqual([message])
})
