// usage: node check.mjs JOSE_PEER FOLDER; see run. jose_peer.cpp has our side.
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import * as jose from 'jose';

const [peer, folder] = process.argv.slice(2);
let checks = 0, failures = 0;
function check(what, good, detail = '') {
  ++checks;
  if (good) return;
  ++failures;
  console.error(`FAILED: ${what} ${detail}`);
}
const path = (name) => `${folder}/${name}`;
const read = (name) => readFileSync(path(name), 'utf8');
function ours(...given) {
  const done = spawnSync(peer, given, { encoding: 'utf8' });
  if (done.status !== 0 && done.status !== 1) throw new Error(`${given.join(' ')}: ${done.status} ${done.stderr}`);
  return { accepted: done.status === 0, said: done.stdout.trim() };
}
let files = 0;
function file(text) {
  const name = path(`case-${++files}`);
  writeFileSync(name, text);
  return name;
}
const base64url = (text) => Buffer.from(text).toString('base64url');
// Members in order, nothing but ASCII and whole numbers: RFC 8785 asks no more of these.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

async function verifies(jws, x) {
  const key = await jose.importJWK({ kty: 'OKP', crv: 'Ed25519', x }, 'EdDSA');
  const verify = typeof jws === 'string' ? jose.compactVerify : jose.flattenedVerify;
  try {
    const done = await verify(jws, key, { algorithms: ['EdDSA'] });
    return { header: done.protectedHeader, payload: Buffer.from(done.payload).toString('utf8') };
  } catch {
    return null;
  }
}

// 1. Ours, verified by the library.
ours('make', folder);
const document = JSON.parse(read('federation.json'));
const payload = JSON.parse(Buffer.from(document.payload, 'base64url'));
const agent = payload.members.find((member) => member.address === '10.20.0.5');
const agentKey = agent.keys.find((key) => key.use === 'sign').public;
const message = await verifies(read('message.jws'), agentKey);
check('our message verifies', message?.header.kid === '10-20-0-5#sign-1' && message.payload.includes('ä'));
check('our message does not verify under another key', await verifies(read('message.jws'), payload.admins[0].key) === null);
check('our message, a letter changed', await verifies(read('message.jws').replace(/\.(.)/, (_, c) => (c === 'e' ? '.f' : '.e')), agentKey) === null);
for (const admin of payload.admins) {
  const one = document.signatures.find(({ protected: header }) => JSON.parse(Buffer.from(header, 'base64url')).kid === admin.id);
  check(`our federation document, ${admin.id}'s signature`, (await verifies({ payload: document.payload, ...one }, admin.key)) !== null);
}
{
  const key = await jose.importJWK({ kty: 'OKP', crv: 'Ed25519', x: payload.admins[1].key }, 'EdDSA');
  const whole = await jose.generalVerify(document, key).catch(() => null);
  check('our federation document as a whole', whole !== null && Buffer.from(whole.payload).equals(Buffer.from(document.payload, 'base64url')));
  const [header, , signature] = read('detached.jws').split('.');
  check('our detached signature', (await verifies(`${header}.${base64url(read('document.json'))}.${signature}`, agentKey)) !== null);
}

// 2. The library's, verified by us.
function person(id) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { id, privateKey, x: publicKey.export({ format: 'jwk' }).x };
}
const [alice, bob, mallory, hospital] = ['alice', 'bob', 'mallory', 'hospital'].map(person);
const typ = 'ehr-federation+jws';
const first = structuredClone(payload);
first.admins = [alice, bob].map(({ id, x }) => ({ id, key: x }));
first.members.find((member) => member.address === '10.20.0.5').keys.find((key) => key.use === 'sign').public = hospital.x;
async function general(content, people, header = {}) {
  const signing = new jose.GeneralSign(Buffer.from(canonical(content)));
  for (const one of people) signing.addSignature(one.privateKey).setProtectedHeader({ alg: 'EdDSA', kid: one.id, typ, ...header });
  return signing.sign();
}
const firstFile = file(JSON.stringify(await general(first, [alice, bob])));
{
  const { accepted, said } = ours('federation', firstFile);
  check("the library's federation document", accepted, said);
}
const second = { ...structuredClone(first), version: 2, prev: createHash('sha256').update(canonical(first)).digest('hex'), witness_quorum: 1 };
{
  const good = ours('successor', firstFile, file(JSON.stringify(await general(second, [bob, alice]))));
  check("the library's successor", good.accepted, good.said);
  const approved = ours('draft', firstFile, file(JSON.stringify(await general(second, [bob]))));
  check("the library's approval of a draft", approved.accepted && approved.said === 'bob', approved.said);
  check('a version one signature short', !ours('successor', firstFile, file(JSON.stringify(await general(second, [alice])))).accepted);
  check("a stranger's approval", !ours('draft', firstFile, file(JSON.stringify(await general(second, [mallory])))).accepted);
}
async function compact(header, key = hospital.privateKey) {
  return new jose.CompactSign(Buffer.from('{"v":1}')).setProtectedHeader(header).sign(key);
}
const kid = '10-20-0-5#sign-1', request = 'ehr-request+jws';
const judge = (text) => ours('message', firstFile, '10.20.0.5', file(text));
{
  const good = judge(await compact({ alg: 'EdDSA', kid, typ: request }));
  check("the library's message", good.accepted, good.said);
}
{
  const text = '{"resourceType":"Bundle"}';
  const signed = await new jose.CompactSign(Buffer.from(text)).setProtectedHeader({ alg: 'EdDSA', kid }).sign(hospital.privateKey);
  const [header, , signature] = signed.split('.');
  check("the library's detached signature", ours('detached', hospital.x, file(`${header}..${signature}`), file(text)).accepted);
  check('the same of another document', !ours('detached', hospital.x, file(`${header}..${signature}`), file(`${text} `)).accepted);
}

// 3. Confusing ones: the signature is right, what is said around it is not. `header` is JSON text, as no library would write some.
const rightly = (header, body = '{"v":1}', key = hospital.privateKey) => {
  const input = `${base64url(header)}.${base64url(body)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
};
const plain = `"alg":"EdDSA","kid":"${kid}","typ":"${request}"`;
check('the header these begin with is good', judge(rightly(`{${plain}}`)).accepted);
const confusing = {
  'alg none': `{"alg":"none","kid":"${kid}","typ":"${request}"}`,
  'alg None': `{"alg":"None","kid":"${kid}","typ":"${request}"}`,
  'alg HS256': `{"alg":"HS256","kid":"${kid}","typ":"${request}"}`,
  'alg in another case': `{"alg":"eddsa","kid":"${kid}","typ":"${request}"}`,
  'alg missing': `{"kid":"${kid}","typ":"${request}"}`,
  'alg twice, none last': `{${plain},"alg":"none"}`,
  'alg twice, none first': `{"alg":"none",${plain}}`,
  'alg twice, once escaped': `{${plain},"\\u0061lg":"none"}`,
  'kid twice': `{${plain},"kid":"10-20-0-6#sign-1"}`,
  'kid of another member': `{"alg":"EdDSA","kid":"10-20-0-6#sign-1","typ":"${request}"}`,
  'kid of no key': `{"alg":"EdDSA","kid":"10-20-0-5#sign-2","typ":"${request}"}`,
  'kid of another use': `{"alg":"EdDSA","kid":"10-20-0-5#log-1","typ":"${request}"}`,
  'kid a number': `{"alg":"EdDSA","kid":1,"typ":"${request}"}`,
  'kid missing': `{"alg":"EdDSA","typ":"${request}"}`,
  'another typ': `{"alg":"EdDSA","kid":"${kid}","typ":"ehr-receipt+jws"}`,
  'typ missing': `{"alg":"EdDSA","kid":"${kid}"}`,
  'crit': `{${plain},"crit":["exp"],"exp":1}`,
  'crit empty': `{${plain},"crit":[]}`,
  'b64 false': `{${plain},"b64":false,"crit":["b64"]}`,
  'b64 true': `{${plain},"b64":true}`,
  'a key of its own (jwk)': `{${plain},"jwk":{"kty":"OKP","crv":"Ed25519","x":"${hospital.x}"}}`,
  'jku': `{${plain},"jku":"https://keys.example/"}`,
  'x5u': `{${plain},"x5u":"https://keys.example/"}`,
  'no object': `["EdDSA"]`,
  'a comma too many': `{${plain},}`,
  'something behind it': `{${plain}} {}`,
};
for (const [what, header] of Object.entries(confusing)) check(`refused: ${what}`, !judge(rightly(header)).accepted);
{
  const good = rightly(`{${plain}}`);
  const [header, body, signature] = good.split('.');
  const unsigned = `${base64url(confusing['alg none'])}.${body}.`;
  check('refused: unsecured', !judge(unsigned).accepted);
  check('refused: an HMAC under the public key', !judge(await new jose.CompactSign(Buffer.from('{"v":1}'))
    .setProtectedHeader({ alg: 'HS256', kid, typ: request }).sign(Buffer.from(hospital.x, 'base64url'))).accepted);
  check('refused: another key', !judge(rightly(`{${plain}}`, '{"v":1}', mallory.privateKey)).accepted);
  check('refused: padding', !judge(`${header}.${body}.${signature}==`).accepted);
  check('refused: a space', !judge(`${header}.${body}. ${signature}`).accepted);
  check('refused: four parts', !judge(`${good}.${signature}`).accepted);
  check('refused: the JSON serialisation', !judge(JSON.stringify({ payload: body, protected: header, signature })).accepted);
  // RFC 7797: the payload as it is, if somebody believes b64.
  const raw = `${base64url(confusing['b64 false'])}.{"v":1}`;
  check('refused: an unencoded payload', !judge(`${raw}.${sign(null, Buffer.from(raw), hospital.privateKey).toString('base64url')}`).accepted);
}

// The same around the federation document.
function general2(headers, change = (whole) => whole, body = canonical(first)) {
  const signatures = headers.map(([header, one]) => {
    const [protectedHeader, , signature] = rightly(header, body, one.privateKey).split('.');
    return { protected: protectedHeader, signature };
  });
  return file(change(JSON.stringify({ payload: base64url(body), signatures })));
}
const of = (one, more = '') => [`{"alg":"EdDSA","kid":"${one.id}","typ":"${typ}"${more}}`, one];
const both = [of(alice), of(bob)];
check('the document these begin with is good', ours('federation', general2(both)).accepted);
const documents = {
  'alg none beside a good one': [of(alice), [`{"alg":"none","kid":"bob","typ":"${typ}"}`, bob]],
  "alice's key under bob's kid": [of(alice), [`{"alg":"EdDSA","kid":"bob","typ":"${typ}"}`, alice]],
  'kid twice': [of(alice), of(bob, ',"kid":"alice"')],
  'one admin twice': [of(alice), of(alice)],
  'one admin twice, and the other': [of(alice), of(alice), of(bob)],
  'crit': [of(alice), of(bob, ',"crit":["exp"],"exp":1')],
  'b64': [of(alice), of(bob, ',"b64":true')],
  'another member in the header': [of(alice), of(bob, ',"x":1')],
  'another typ': [of(alice), [`{"alg":"EdDSA","kid":"bob","typ":"ehr-request+jws"}`, bob]],
  'a stranger beside two admins': [...both, of(mallory)],
  'a wrong signature beside two good ones': [...both, [`{"alg":"EdDSA","kid":"mallory","typ":"${typ}"}`, alice]],
  'nobody': [],
};
for (const [what, headers] of Object.entries(documents)) check(`refused: document, ${what}`, !ours('federation', general2(headers)).accepted);
const changes = {
  'payload twice': (text) => text.replace('{"payload"', '{"payload":"e30","payload"'),
  'an unprotected header': (text) => text.replace('"signature":', '"header":{"kid":"bob"},"signature":'),
  'flattened beside general': (text) => text.replace('{"payload"', '{"signature":"","payload"'),
  'a member more': (text) => text.replace('{"payload"', '{"x":1,"payload"'),
};
for (const [what, change] of Object.entries(changes)) check(`refused: document, ${what}`, !ours('federation', general2(both, change)).accepted);
check('refused: document, a payload that is not canonical', !ours('federation', general2(both, undefined, ` ${canonical(first)}`)).accepted);
check('refused: document, members in another order', !ours('federation', general2(both, undefined, JSON.stringify({ v: 1, ...first }))).accepted);

console.log(`${checks - failures} of ${checks} checks are good`);
process.exit(failures === 0 && checks > 60 ? 0 : 1);
