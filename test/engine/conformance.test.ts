import { describeConformance, describeCoverage } from './conformance.js';
import { engines } from './engines.js';

describeCoverage();
for (const { name, open } of engines) describeConformance(name, open);
