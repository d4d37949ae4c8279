/// A human being with an account: the entity that `ID<Person>` names on every floor.
public enum Person {}

/// A browser or app that holds a signed first-party device key: the entity that `ID<Device>` names.
///
/// Who votes or reads without an account is known by this key alone, never by an address or a browser's name.
public enum Device {}
