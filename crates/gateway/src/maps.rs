//! Maps in whose order nobody may see a meaning. It is chance, so that no stranger can make keys meet; in tests it is fixed,
//! so that a simulated run follows from its seed.

#[cfg(not(test))]
pub(crate) type Map<K, V> = std::collections::HashMap<K, V>;

#[cfg(test)]
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;
