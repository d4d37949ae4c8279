import Base
import Synchronization

/// Refuses statements that touch a tenant's table without naming the tenant, before anything is sent.
final class TenantGate: Sendable {
    private enum Bounds {
        static let knownStatements = 4_096
        static let capabilities = 256
    }

    private let tenantTables: Set<String>
    private let capabilities = Mutex((allowed: [SystemCapability]?.none, used: Set<SystemCapability>()))
    private let known = Mutex(BoundedMap<Int, String?>(capacity: Bounds.knownStatements))

    init(modules: [SchemaModule]) {
        tenantTables = Set(modules.flatMap(\.tables).filter { $0.tenancy == .tenant }.map(\.name))
    }

    func check(_ sql: SQL, name: StaticString, scope: Scope) throws(StorageError) {
        let tenant: Tenant
        switch scope {
        case .tenant(let named): tenant = named
        case .system(let capability): return try check(capability, name: name)
        }
        var bindsTenant = false
        for case .tenant(let bound) in sql.parts {
            guard bound == tenant else {
                throw StorageError(.tenantMissing, "\(name) binds another tenant than its transaction's")
            }
            bindsTenant = true
        }
        if !bindsTenant, let table = tenantTable(in: sql) {
            throw StorageError(
                .tenantMissing, "\(name) uses the tenant table \(table) and does not bind the tenant: add tenant_id = …"
            )
        }
    }

    private func check(_ capability: SystemCapability, name: StaticString) throws(StorageError) {
        let isAllowed = capabilities.withLock { capabilities in
            guard capabilities.allowed?.contains(capability) ?? true else { return false }
            if capabilities.used.count < Bounds.capabilities { capabilities.used.insert(capability) }
            return true
        }
        guard isAllowed else {
            throw StorageError(
                .tenantMissing, "\(name) works across tenants by \(capability.name), which no manifest lists")
        }
    }

    func restrict(to allowed: [SystemCapability]) { capabilities.withLock { $0.allowed = allowed } }

    var capabilitiesUsed: [SystemCapability] {
        capabilities.withLock { $0.used }.sorted { $0.name < $1.name }
    }

    /// The first tenant table that the text mentions; remembered by the hash of the literal text.
    private func tenantTable(in sql: SQL) -> String? {
        var hasher = Hasher()
        for case .text(let text) in sql.parts { hasher.combine(text) }
        let key = hasher.finalize()
        if let found = known.withLock({ $0[key] }) { return found }
        var table: String?
        for case .text(let text) in sql.parts where table == nil {
            table = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map { $0.lowercased() }
                .first(where: tenantTables.contains)
        }
        let found = table
        known.withLock { $0[key] = .some(found) }
        return table
    }
}
