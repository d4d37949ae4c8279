import Accounts
import Base
import Storage

/// What the product answers for people who want their data, or want it gone: their searches stay with the workspace under a
/// pseudonym, as creators and credits are the workspace's.
struct PersonSteps: Sendable {
    let storage: Storage
    let searches: SearchDesk

    private var store: SearchPersonStore { SearchPersonStore(storage: storage) }

    func export(_ person: ID<Person>, in tenant: Tenant, _ emit: PersonalData.Emit) async throws {
        try await store.export(person, in: tenant, emit)
        try await WorkroomPersonStore(storage: storage).export(person, in: tenant, emit)
    }

    func erase(_ leaver: Leaver, in tenant: Tenant) async throws -> ErasureProgress {
        if let active = try await store.active(leaver.person, in: tenant) {
            do {
                _ = try await searches.cancel(active, in: tenant)
            } catch let error as DiscoveryError where error.code == .searchEnded {
                // It has just ended by itself.
            }
            return .more
        }
        let hasChanged = try await storage.write(for: tenant) { transaction in
            let hasSearches = try await store.replace(
                leaver.person, by: leaver.pseudonym, through: transaction, in: tenant)
            let hasLists = try await WorkroomPersonStore(storage: storage).replace(
                leaver.person, by: leaver.pseudonym, at: transaction.now, through: transaction, in: tenant)
            return hasSearches || hasLists
        }
        return hasChanged ? .more : .done
    }
}
