public import Base

/// Who adds up what tenants cost, and says when one has cost what it may.
public protocol TenantCostSink: Sendable {
    /// Adds what a piece of work has cost; `name` is that of its route or kind of job, which begins with its product's.
    ///
    /// Called for each request: takes a short lock and sends nothing.
    func record(_ cost: Cost, of name: String, for tenant: Tenant)

    /// How long the tenant has to wait before work of that name is done for it again; `nil` when it has not to.
    func wait(for tenant: Tenant, before name: String) -> Duration?
}
