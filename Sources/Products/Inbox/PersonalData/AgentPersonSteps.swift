import Accounts
import Base
import Storage

/// What the product answers for agents who want their data, or want it gone.
struct AgentPersonSteps: Sendable {
    let storage: Storage

    private var store: AgentPersonStore { AgentPersonStore(storage: storage) }

    /// Export and erasure as Accounts calls them.
    var personalData: PersonalData {
        PersonalData(
            product: "inbox",
            export: { person, tenant, emit in
                try await store.export(person, in: tenant, emit)
                try await store.exportReplies(person, in: tenant, emit)
            },
            erase: { leaver, tenant in
                let hasChanged = try await storage.write(for: tenant) { transaction in
                    try await store.replace(
                        leaver.person, by: leaver.pseudonym, through: transaction, in: tenant)
                }
                return hasChanged ? .more : .done
            })
    }
}
