/**
 * Stands in for `bowser` in Lambda bundles (`bundleOptions.alias`): the SDK asks it which browser it runs in, and in a
 * function it never asks.
 */
export default {};
