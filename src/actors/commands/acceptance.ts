/** Accepts executions for a supervisor. Owns: a process that was frozen checks first whether it was fenced off. */
import { isStatewardError } from '../../errors.js'
import type { Admitted } from '../stream/accepted-before.js'
import type { AdmissionRequest } from '../stream/admission.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'

/** Accepts an execution; resolves once that is durable. Throws what `acceptingStream` and the stream's `admit` throw. */
export function accept(supervisor: SupervisorHost, entryPoint: string, request: AdmissionRequest): Promise<Admitted> {
  return supervisor.admissions.during(entryPoint, request, (named) => acceptedBy(supervisor, entryPoint, named))
}

async function acceptedBy(supervisor: SupervisorHost, entryPoint: string, request: AdmissionRequest): Promise<Admitted> {
  for (;;) {
    const certain = supervisor.certain()
    if (certain) await certain
    const stream = supervisor.acceptingStream(entryPoint)
    try {
      return await (supervisor.gatherings.admit(stream.definition, request) ?? stream.admit(request))
    } catch (error) {
      // nothing was written: this process was fenced off meanwhile, and begins anew
      const isFenced = isStatewardError(error, 'stale_owner') && supervisor.streams.get(entryPoint) !== stream
      if (!isFenced) throw error
    }
  }
}
