public import Base
public import BaseTestKit
import Foundation
import Synchronization
import Telemetry
public import Web

/// Routes on a site with a simulated clock, seeded chance and one tenant, which fails whoever breaks a budget.
///
/// ```swift
/// let test = try await TestSite(routes)
/// let answer = try await test.get("/feed", headers: [try await test.session(of: person)])
/// #expect(answer.status == 200)
/// ```
public final class TestSite: Sendable {
    /// The site.
    public let site: Site
    /// The time.
    public let clock: SimClock
    /// The tenant at every host.
    public let tenant: Tenant
    /// What the site was given.
    public let services: SiteServices
    private let notes: Notes

    private final class Notes: RequestObserver {
        let records = Mutex<[RequestRecord]>([])

        func requestFinished(_ record: RequestRecord) { records.withLock { $0.append(record) } }
    }

    /// A route sent more statements than it declares.
    public struct OverBudget: Error, CustomStringConvertible {
        /// Which route, how many and how many it declares.
        public let description: String
    }

    /// Mounts routes.
    ///
    /// - Parameters:
    ///   - routes: the routes.
    ///   - settings: what the site is told. Defaults to the defaults.
    ///   - seed: the seed of chance. Defaults to 1.
    ///   - clock: the time. Defaults to a new clock.
    ///   - pages: what pages are made from. Defaults to nothing.
    ///   - change: changes the services before the site is made. Defaults to nothing.
    /// - Throws: `web.invalidDeclaration` when the routes contradict each other.
    public init(
        _ routes: [Route], settings: SiteSettings = SiteSettings(), seed: UInt64 = 1, clock: SimClock = SimClock(),
        pages: Pages? = nil,
        change: (inout SiteServices) -> Void = { _ in }
    ) async throws {
        self.clock = clock
        let randomness = SeededRandomness(seed: seed)
        tenant = Tenant(ID(at: clock.now(), using: randomness))
        let keys = SigningKeys.ephemeral(randomness)
        let notes = Notes()
        self.notes = notes
        var services = SiteServices(
            clock: clock, randomness: randomness, tenants: SingleTenant(tenant), keys: keys,
            sessions: await Sessions(keys: keys, clock: clock), observer: notes)
        change(&services)
        self.services = services
        site = try Site(routes: routes, services: services, settings: settings, pages: pages)
    }

    /// The records of all requests so far.
    public var records: [RequestRecord] { notes.records.withLock { $0 } }

    /// Performs a request.
    ///
    /// - Throws: `OverBudget` when its route sent more statements than it declares.
    public func request(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        peer: IPAddress = .none
    ) async throws -> PerformedAnswer {
        let count = records.count
        let answer = try await site.perform(method, target, headers: headers, body: body, peer: peer)
        for record in records.dropFirst(count) where record.isOverBudget {
            throw OverBudget(
                description: "\(record.operation ?? "none") sent \(record.cost[.statements]) statements; "
                    + "its budget is \(record.budget ?? 0)")
        }
        return answer
    }

    /// Performs a `GET`.
    public func get(
        _ target: String, headers: [(name: String, value: String)] = []
    ) async throws -> PerformedAnswer {
        try await request("GET", target, headers: headers)
    }

    /// Performs a `POST` of JSON.
    public func post(
        _ target: String, json: String, headers: [(name: String, value: String)] = []
    ) async throws -> PerformedAnswer {
        try await request(
            "POST", target, headers: [("content-type", "application/json")] + headers, body: Array(json.utf8))
    }

    /// The header that carries a session of `person` in this tenant.
    public func session(
        of person: ID<Person>, role: Role = .member, version: Int = 1
    ) async throws -> (name: String, value: String) {
        let token = try await services.sessions.sign(person, in: tenant, role: role, version: version)
        return ("cookie", "\(Sessions.cookieName)=\(token)")
    }

    /// A new id.
    public func newID<Entity>(_ type: Entity.Type = Entity.self) -> ID<Entity> {
        ID(at: clock.now(), using: services.randomness)
    }
}

extension PerformedAnswer {
    /// The header that sends the answer's cookies back; `nil` when it set none.
    public var cookies: (name: String, value: String)? {
        let pairs = headers.filter { $0.name == "set-cookie" }.map { String($0.value.prefix { $0 != ";" }) }
        return pairs.isEmpty ? nil : ("cookie", pairs.joined(separator: "; "))
    }

    /// The member `code` of a problem.
    public var problemCode: String? {
        guard self["content-type"]?.hasPrefix("application/problem+json") ?? false,
            let start = text.range(of: "\"code\":\"")
        else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}
