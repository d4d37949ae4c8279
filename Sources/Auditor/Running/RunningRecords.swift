import Foundation

/// What a running Capstan says about itself to its operators, as its console gives it.
struct RunningRecords: Sendable {
    struct Route: Decodable, Sendable, Hashable {
        var name: String
        var count: Int
        var errors: Int
        var budget: Int?
        var statementsMax: Int
        var statementsMean: Double
        var overBudget: Int
        var p50: Double
        var p95: Double
        var p99: Double
        var rowsMean: Double
        var bytesMean: Double
    }

    struct Statement: Decodable, Sendable, Hashable {
        var name: String
        var count: Int
        var failures: Int
        var rowsMean: Double
        var millisecondsMean: Double
        var millisecondsMax: Double
        var share: Double
    }

    struct Cache: Decodable, Sendable, Hashable {
        var name: String
        var entries: Int
        var hits: Int
        var misses: Int
        var hitRatio: Double?
    }

    struct Cost: Decodable, Sendable, Hashable {
        var tenant: String
        var product: String
        var requests: Int
        var statements: Int
        var databaseMilliseconds: Int
        var bytes: Int
        var jobs: Int
        var tokens: Int
        var moneyMillionths: Int
    }

    var routes: [Route] = []
    var statements: [Statement] = []
    var caches: [Cache] = []
    /// Of the last day, by tenant and product.
    var costs: [Cost] = []

    /// Where each list is asked for.
    static let paths = [
        "/api/console/routes", "/api/console/statements", "/api/console/caches", "/api/console/costs?days=1",
    ]

    /// Reads all lists through a way to ask for them.
    ///
    /// - Throws: `auditor.running` when an answer is not a console's.
    static func read(_ ask: @Sendable (_ path: String) async throws -> Data) async throws -> RunningRecords {
        var records = RunningRecords()
        records.routes = try decode(try await ask(paths[0]), paths[0])
        records.statements = try decode(try await ask(paths[1]), paths[1])
        records.caches = try decode(try await ask(paths[2]), paths[2])
        records.costs = try decode(try await ask(paths[3]), paths[3])
        return records
    }

    private static func decode<Line: Decodable>(_ data: Data, _ path: String) throws(AuditError) -> [Line] {
        do {
            return try JSONDecoder().decode([Line].self, from: data)
        } catch {
            throw AuditError(.running, "\(path) did not answer as a console of Capstan does", underlying: error)
        }
    }
}
