public import Accounts
public import Storage
public import Telemetry

/// A complete product: one module that knows nothing of the others and plugs in as data.
///
/// Mounting one is a line in CLI. What must be known before anything runs (tables, settings, flags) is in its ``plan``;
/// what needs the services is in its ``manifest``.
public protocol Product: Sendable {
    /// What the product needs to exist.
    static var plan: ProductPlan { get }

    /// Makes the product from the services it may use. Nothing runs yet.
    init(_ services: ProductServices) async throws

    /// What the product gives to the host.
    var manifest: ProductManifest { get }
}

/// What a product needs to exist, known before anything runs.
public struct ProductPlan: Sendable {
    /// The name in addresses, tables' modules and settings, as in `tournament`.
    public let name: String
    /// The name for people, as in `Tournament`.
    public let title: String
    /// What the product is for, in one sentence.
    public let summary: String
    /// Its tables.
    public let schema: SchemaModule
    /// What may be configured.
    public let settings: [Setting]
    /// What may be switched while it runs.
    public let flags: [FeatureFlag]
    /// Where it must work across tenants, and why.
    public let capabilities: [SystemCapability]
    /// What it tells about itself, beside the platform's events.
    public let events: [Event]
    /// The kinds of things that it tells people, in the order of the page of preferences.
    public let notices: [NoticeKind]

    /// Declares a product.
    public init(
        name: StaticString, title: StaticString, summary: StaticString, schema: SchemaModule, settings: [Setting] = [],
        flags: [FeatureFlag] = [], capabilities: [SystemCapability] = [], events: [Event] = [],
        notices: [NoticeKind] = []
    ) {
        self.name = name.description
        self.title = title.description
        self.summary = summary.description
        self.schema = schema
        self.settings = settings
        self.flags = flags
        self.capabilities = capabilities
        self.events = events
        self.notices = notices
    }
}
