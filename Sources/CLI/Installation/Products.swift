import AIProviders
import Accounts
import CoordinationStorage
import Discovery
import Hosting
import Inbox
import Jobs
import Limits
import Realtime
import Retrieval
import Storage
import Tournament

/// The products that this program can mount; one line each.
enum Products {
    static let all: [any Product.Type] = [TournamentProduct.self, DiscoveryProduct.self, InboxProduct.self]

    /// The tables of the platform's own modules.
    static let platformModules: [SchemaModule] = [
        AccountsSchema.module, ProductPlans.hostingSchema, CoordinationSchema.module, LimitsSchema.module,
        JobsSchema.module, RealtimeSchema.module, AIProvidersSchema.module, RetrievalSchema.module,
    ]

    /// The products named in `names` (comma-separated), or all of them.
    static func chosen(_ names: String?) throws(Failure) -> [any Product.Type] {
        guard let names else { return all }
        var chosen: [any Product.Type] = []
        for name in names.split(separator: ",") {
            guard let product = all.first(where: { $0.plan.name == name }) else {
                throw .usedWrongly(
                    "no product is named \(name); there are \(all.map { $0.plan.name }.joined(separator: ", "))")
            }
            chosen.append(product)
        }
        return chosen
    }
}
