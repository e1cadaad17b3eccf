/** Which events an event descriptor of a machine stands for. Owns: wildcards, as XState reads them. */

/** True if a transition under this descriptor may take events of that type. */
export const takes = (descriptor: string, type: string): boolean =>
  descriptor === '*' || descriptor === type || (descriptor.endsWith('.*') && `${type}.`.startsWith(descriptor.slice(0, -1)))
