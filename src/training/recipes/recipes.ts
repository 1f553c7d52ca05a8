/** The recipes by their names on the command line: a new one is a file beside this and a line here. */
import { cyclegan } from './cyclegan.js';
import type { Recipe } from './recipe.js';

export const recipes = { cyclegan } as const satisfies Readonly<Record<string, Recipe>>;
export type RecipeId = keyof typeof recipes;
export const recipeIds = Object.keys(recipes) as [RecipeId, ...RecipeId[]];
