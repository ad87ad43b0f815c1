// Signs and sends the targets by the signer that is named: smithy or aws4.
import { signTargets } from './lib.mjs';

const { sign } = await import(`./sign-${process.argv[2]}.mjs`);
await signTargets(sign);
