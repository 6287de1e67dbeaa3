/** Work that is done when it is first needed: connections, SDKs, lists that are long to load. */
interface Once<T> {
  /** Does the work at the first call and answers alike from then on; a failure is not kept, so the next call tries again. */
  (): Promise<T>;
  /** What was begun and has not failed. */
  begun(): Promise<T> | undefined;
}

export function once<T>(work: () => Promise<T>): Once<T> {
  let begun: Promise<T> | undefined;
  const get = () => {
    if (begun) return begun;
    const doing = work();
    begun = doing;
    doing.catch(() => {
      begun = undefined;
    });
    return doing;
  };
  return Object.assign(get, { begun: () => begun });
}

/** A value that is made when it is first asked for, and is the same from then on. */
export function atFirstUse<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
