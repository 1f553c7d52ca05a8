/** The recipes by their names on the command line: a new one is a file beside this and a line here. */
import { autoencoder } from './autoencoder.js';
import { cut } from './cut.js';
import { cyclegan } from './cyclegan.js';
import { gan } from './gan.js';
import { pix2pix } from './pix2pix.js';
import type { Recipe } from './recipe.js';

export const recipes = { cyclegan, cut, gan, pix2pix, autoencoder } as const satisfies Readonly<Record<string, Recipe>>;
export type RecipeId = keyof typeof recipes;
export const recipeIds = Object.keys(recipes) as [RecipeId, ...RecipeId[]];
