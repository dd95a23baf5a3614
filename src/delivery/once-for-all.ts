// Readers at the same cursor are handed the same object. What is written of it is made once, for all of them.

/** `make`, called once for each key. What it made lives as long as the key. */
export function onceForAll<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
