/** The entry `stateward/server`. Owns: nothing; the server is in server/serve.ts. */
export { serve, type Served, type ServedCalls, type ServeOptions } from './server/serve.js'
