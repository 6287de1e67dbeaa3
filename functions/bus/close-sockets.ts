import { closeSocketsOf, endingFacts } from '../../shared/identity/sockets.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const closeSockets = reaction({ name: 'close-sockets', on: endingFacts, handle: closeSocketsOf });
