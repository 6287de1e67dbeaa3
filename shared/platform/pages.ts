/** A query from its first page to its last. */

/**
 * Pages one after another, as long as they are asked for. `ask` gets the cursor to go on from, in a form to be spread
 * into its query: `pagesOf((from) => documents.query({ ...query, ...from }))`.
 */
export async function* pagesOf<P extends { readonly cursor?: string }>(
  ask: (from: { readonly cursor?: string }) => Promise<P>,
): AsyncGenerator<P> {
  let page = await ask({});
  yield page;
  while (page.cursor !== undefined) {
    page = await ask({ cursor: page.cursor });
    yield page;
  }
}
