/** Signatures and tokens: the published examples of senders, what is refused, and what no error shows. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hmac, token, type HmacOptions, type SignedRequest } from '../../src/triggers.js'

const signed = (headers: Record<string, string>, body = '', now = 0): SignedRequest => ({
  method: 'POST',
  url: 'http://localhost/hook',
  headers: new Headers(headers),
  body: Buffer.from(body),
  now,
})

const slackBody =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'

const github: HmacOptions = { header: 'X-Hub-Signature-256', secret: "It's a Secret to Everybody" }
const slack: HmacOptions = {
  header: 'x-slack-signature',
  prefix: 'v0=',
  timestamp: { header: 'x-slack-request-timestamp' },
  signed: 'v0:{timestamp}:{body}',
  secret: '8f742231b10e8888abcd99yyyzzz85a5',
}
const standard: HmacOptions = {
  header: 'webhook-signature',
  prefix: 'v1,',
  encoding: 'base64',
  timestamp: { header: 'webhook-timestamp' },
  signed: '{webhook-id}.{timestamp}.{body}',
  secret: Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'),
}

const githubGood = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
const slackGood = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'
const standardGood = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
/** Stripe publishes the form of its header, but no secret that an example was made with. */
const stripeGood = '654b43d3508ecadb3f8cefc4bc7d3d2bdc5ba9e03bf2c89b2d0657a8e24e4543'
const stripeBody = '{"id":"evt_1","object":"event"}'

describe('the example that is published by', () => {
  test('GitHub is good, and no other body, signature or length of one', () => {
    const verify = hmac(github)
    const of = (value: string, body = 'Hello, World!') => verify(signed({ 'x-hub-signature-256': value }, body))
    expect(of(githubGood)).toBe(true)
    expect(of(githubGood.slice('sha256='.length))).toBe(true)
    expect(of(githubGood, 'Hello, World?')).toBe(false)
    for (const value of ['', 'sha256=', 'sha256=00', githubGood.slice(0, -1), githubGood.slice(0, -2), `${githubGood}00`])
      expect(of(value), value).toBe(false)
    for (const value of ['sha1=757107ea', 'sha256=zz', `${githubGood.slice(0, -1)}é`, 'ÿ'.repeat(64)])
      expect(of(value), value).toBe(false)
    expect(verify(signed({}, 'Hello, World!'))).toBe(false)
  })

  test('Slack is good within five minutes of its time, before and after', () => {
    const verify = hmac(slack)
    const sent = 1531420618
    const of = (now: number, stamp = String(sent)) =>
      verify(signed({ 'x-slack-signature': slackGood, 'x-slack-request-timestamp': stamp }, slackBody, now))
    expect(of(sent * 1_000)).toBe(true)
    expect(of((sent + 300) * 1_000)).toBe(true)
    expect(of((sent + 300) * 1_000 + 1)).toBe(false)
    expect(of((sent - 300) * 1_000)).toBe(true)
    expect(of((sent - 300) * 1_000 - 1)).toBe(false)
    expect(of(sent * 1_000, String(sent + 1))).toBe(false)
    for (const stamp of ['', 'NaN', '-1', '1e9', `${sent}.0`]) expect(of(sent * 1_000, stamp), stamp).toBe(false)
    expect(verify(signed({ 'x-slack-signature': slackGood }, slackBody, sent * 1_000))).toBe(false)
  })

  test('Standard Webhooks is good: base64, a header in the signed text, several signatures', () => {
    const verify = hmac(standard)
    const of = (signature: string, id = 'msg_p5jXN8AQM9LWM0D4loKWxJek') => {
      const headers = { 'webhook-id': id, 'webhook-timestamp': '1614265330', 'webhook-signature': signature }
      return verify(signed(headers, '{"test": 2432232314}', 1614265330_000))
    }
    expect(of(standardGood)).toBe(true)
    expect(of(`v1,AAAA v1a,x ${standardGood}`)).toBe(true)
    expect(of(standardGood, 'msg_other')).toBe(false)
    expect(of(standardGood.slice('v1,'.length))).toBe(false)
  })
})

test("Stripe's form is understood: the time and several signatures in one header, of which one by any secret is good", () => {
  const secret = ['whsec_new', 'whsec_test_secret']
  const verify = hmac({ header: 'stripe-signature', field: 'v1', timestamp: { field: 't' }, secret })
  const of = (value: string, now = 1492774577_000) => verify(signed({ 'stripe-signature': value }, stripeBody, now))
  expect(of(`t=1492774577,v1=${stripeGood}`)).toBe(true)
  expect(of(`t=1492774577, v1=${'0'.repeat(64)}, v1=${stripeGood}, v0=6ffbb59b`)).toBe(true)
  expect(of(`t=1492774577,v0=${stripeGood}`)).toBe(false)
  expect(of(`v1=${stripeGood}`)).toBe(false)
  expect(of(`t=1492774578,v1=${stripeGood}`)).toBe(false)
  expect(of(`t=1492774577,v1=${stripeGood}`, 1492774577_000 + 300_001)).toBe(false)
})

test('bodies are bytes: what is no text in UTF-8 is signed as it is', () => {
  const body = new Uint8Array([0xff, 0x00, 0xfe])
  const value = createHmac('sha512', 'k').update(body).digest('base64url')
  const verify = hmac({ header: 'x-sign', secret: 'k', algorithm: 'sha512', encoding: 'base64url' })
  expect(verify({ ...signed({ 'x-sign': value }), body })).toBe(true)
  expect(verify({ ...signed({ 'x-sign': value }), body: new Uint8Array([0xff, 0x00]) })).toBe(false)
})

test('a time in milliseconds, and a tolerance of its own', () => {
  const verify = hmac({ header: 'x-sign', secret: 'k', timestamp: { header: 'x-time', unit: 'ms', tolerance: 50 } })
  const value = createHmac('sha256', 'k').update('1000.').digest('hex')
  const of = (now: number) => verify(signed({ 'x-sign': value, 'x-time': '1000' }, '', now))
  expect([of(949), of(950), of(1_050), of(1_051)]).toEqual([false, true, true, false])
})

test('a token is compared whole, whatever its length, with each of several secrets', () => {
  const verify = token({ header: 'authorization', prefix: 'Bearer ', secret: ['new', 'old'] })
  const of = (authorization: string) => verify(signed({ authorization }))
  expect([of('Bearer new'), of('Bearer old')]).toEqual([true, true])
  for (const value of ['new', 'Bearer ne', 'Bearer newer', 'bearer new', 'Bearer  new', '']) expect(of(value), value).toBe(false)
  expect(verify(signed({}))).toBe(false)
})

describe('a definition is refused, and its error shows no secret,', () => {
  const good: HmacOptions = { header: 'x-sign', secret: 's3cr3t' }
  test.each([
    ['header', { header: '' }],
    ['header', { header: 'a b' }],
    ['secret', { secret: '' }],
    ['secret', { secret: undefined }],
    ['secret', { secret: [] }],
    ['secret', { secret: ['s3cr3t', ''] }],
    ['secret', { secret: 42 }],
    ['algorithm', { algorithm: 'md5' }],
    ['encoding', { encoding: 'hexadecimal' }],
    ['prefix', { prefix: '' }],
    ['field', { field: 1 }],
    ['signed', { signed: '{timestamp}' }],
    ['signed', { signed: '{timestamp}.{body}' }],
    ['signed', { signed: '{body}', timestamp: { field: 't' } }],
    ['timestamp', { timestamp: {} }],
    ['timestamp', { timestamp: { field: 't', header: 'x-time' } }],
    ['timestamp.tolerance', { timestamp: { field: 't', tolerance: 0 } }],
    ['timestamp.unit', { timestamp: { field: 't', unit: 'm' } }],
    ['tolerance', { tolerance: 5 }],
  ])('for %s: %j', (option, change) => {
    let error: unknown
    try {
      hmac({ ...good, ...change } as HmacOptions)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'invalid_definition', details: { option } })
    expect(String(error) + JSON.stringify(error)).not.toContain('s3cr3t')
  })

  test('also of a token, and where there are no options at all', () => {
    const fails = expect.objectContaining({ code: 'invalid_definition' })
    expect(() => token({ header: 'x', secret: '' })).toThrow(fails)
    expect(() => token({ header: '', secret: 'x' })).toThrow(fails)
    expect(() => token(undefined as never)).toThrow(fails)
    expect(() => hmac(undefined as never)).toThrow(fails)
  })
})
