export { followLinks, navigate, path, query, setQuery } from './location.js';
