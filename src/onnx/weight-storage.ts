/** As what a file holds its weights. What is calculated with them is float32 either way. */
export const weightStorages = ['float32', 'float16'] as const;
export type WeightStorage = (typeof weightStorages)[number];
