import Base
import Caching

/// Gives the name of a person in a workspace; `nil` for who has no place in it.
typealias PersonNaming = @Sendable (ID<Person>, Tenant) async throws -> String?

/// The names of colleagues, kept for ten minutes: threads name many people, few of them different.
final class NameKeeper: Sendable {
    /// What somebody is called who has no place in the company any more.
    static let nobody = "Somebody"

    private let cache: Cache<ID<Person>, String?>
    private let nameOf: PersonNaming

    init(caches: CacheRegistry, nameOf: @escaping PersonNaming) {
        self.nameOf = nameOf
        cache = Cache("inbox.names", CacheOptions(ttl: .seconds(600), capacity: 50_000), in: caches)
    }

    /// The names of people; who is gone is called so.
    func names(of people: some Sequence<ID<Person>>, in tenant: Tenant) async throws -> [ID<Person>: String] {
        var names: [ID<Person>: String] = [:]
        for person in Set(people) {
            names[person] =
                try await cache.value(for: person, in: tenant) { [nameOf] in
                    try await shared { try await nameOf(person, tenant) }
                } ?? Self.nobody
        }
        return names
    }
}
