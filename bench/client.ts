/** A few requests over real HTTP, to prepare what is then measured. */
export interface Client {
  /** `traceparent` (W3C): the trace that the request is part of. */
  json(method: string, path: string, body?: unknown, token?: string, traceparent?: string): Promise<unknown>;
  upload(path: string, file: string, token: string): Promise<unknown>;
}

const PASSWORD = 'bench-password-of-some-length';

async function answered(response: Response, what: string): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${what}: ${response.status} ${text}`);
  return JSON.parse(text);
}

export function clientOf(origin: string): Client {
  return {
    async json(method, path, body, token, traceparent) {
      const headers = new Headers();
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
      if (body !== undefined) headers.set('content-type', 'application/json');
      if (traceparent !== undefined) headers.set('traceparent', traceparent);
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      return answered(await fetch(`${origin}/api/${path}`, init), `${method} ${path}`);
    },
    async upload(path, file, token) {
      const form = new FormData();
      form.set('file', new Blob([file], { type: 'text/csv' }), 'bench.csv');
      const headers = { authorization: `Bearer ${token}` };
      return answered(await fetch(`${origin}/api/${path}`, { method: 'POST', headers, body: form }), `POST ${path}`);
    },
  };
}

/** A new organization, signed in. */
export async function registered(client: Client, name: string): Promise<{ token: string; orgId: string }> {
  const username = `${name}@bench.example`;
  const made = (await client.json('POST', 'identity/register', {
    username,
    password: PASSWORD,
    confirmPassword: PASSWORD,
    organizationName: name,
  })) as { organizationId: string };
  return { token: await signedIn(client, name), orgId: made.organizationId };
}

export async function signedIn(client: Client, name: string): Promise<string> {
  const body = { username: `${name}@bench.example`, password: PASSWORD };
  return ((await client.json('POST', 'identity/authenticate', body)) as { accessToken: string }).accessToken;
}
