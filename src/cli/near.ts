export { editDistance, nearest, nearestFew } from '../base/near.js';
