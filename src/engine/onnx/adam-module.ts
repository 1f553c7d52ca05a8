/** Written by `npm run wasm` from tools/wasm/adam.wat: that is the place to change. */

/** SHA-256 of the text that this is of. */
export const adamSource = 'a9669becc2d020d99b3036fb8de82dacacfd54b5a5f854ab92591338cfe51293';

/** The module, in base64. */
export const adamModule = [
  'AGFzbQEAAAABEAFgDH9/f39/f319fX19fQACEwEEYWRhbQZtZW1vcnkCAQGAgAQDAgEABwgBBHN0ZXAAAArdAQHaAQICfwl7IAb9',
  'EyERIAf9EyESIAj9EyETIAn9EyEUIAr9EyEVIAv9EyEWIAVBAnQhDANAIAMgDWr9AAQAIQ4gBARAIA4gBCANav0ABAD95AEhDgsg',
  'ASANav0ABAAgEf3mASAOIBL95gH95AEhDyACIA1q/QAEACAT/eYBIA4gDv3mASAU/eYB/eQBIRAgASANaiAP/QsEACACIA1qIBD9',
  'CwQAIAAgDWogACANav0ABAAgFSAPIBD94wEgFv3kAf3nAf3mAf3lAf0LBAAgDUEQaiENIA0gDEkNAAsL',
].join('');
