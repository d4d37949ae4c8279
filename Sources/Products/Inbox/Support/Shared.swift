import Telemetry

/// Loads what everybody shares: it is not charged to the request that happened to come first.
func shared<Value>(_ load: () async throws -> Value) async rethrows -> Value {
    try await Cost.$current.withValue(nil) { try await load() }
}
