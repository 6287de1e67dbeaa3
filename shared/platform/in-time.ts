/**
 * What the work comes to; throws when that takes longer, and leaves the work to itself. A process that was itself held up
 * looks once more for what has come meanwhile.
 */
export async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const tooLate = () => reject(new Error(`It has not answered within ${milliseconds} ms`));
    timer = setTimeout(() => setImmediate(tooLate), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
