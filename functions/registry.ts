/** Everything that starts work, collected: registration, the document, the docs page and the matrix tests read this. */
import type { Reaction, Timer } from '../shared/platform/reaction.ts';
import type { Route } from '../shared/platform/route.ts';
import { aboutRoutes } from './http/about.ts';

export const routes: readonly Route[] = [...aboutRoutes(() => routes)];
export const reactions: readonly Reaction[] = [];
export const timers: readonly Timer[] = [];
