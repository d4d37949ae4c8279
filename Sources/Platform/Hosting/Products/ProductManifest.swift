public import Accounts
public import Jobs
public import Realtime
public import ServiceLifecycle
public import Web

/// What a product gives to the host: everything that answers, runs or fills.
public struct ProductManifest: Sendable {
    /// Its addresses, each with policy, limit and statement budget.
    public let routes: [Route]
    /// What runs beside requests, started in this order and stopped in reverse.
    public let services: [any Service]
    /// How its kinds of jobs are handled; each kind's name begins with the product's.
    public let jobs: [JobHandler]
    /// What is enqueued by the clock.
    public let schedules: [JobSchedule]
    /// Its kinds of topics; each name begins with the product's.
    public let topics: [TopicKind]
    /// The folder of its templates and assets; `nil` for a product without pages.
    public let pages: PageBundle?
    /// Its links in the main navigation.
    public let navigation: [SiteChrome.Link]
    /// What it answers for people who want their data or leave; `nil` for a product that keeps nothing about people.
    public let personalData: PersonalData?
    /// Fills an empty database with the demo's data and does nothing on a filled one; `nil` when there is no demo.
    public let demo: (@Sendable (DemoStage) async throws -> Void)?

    /// Declares what a product gives.
    public init(
        routes: [Route], services: [any Service] = [], jobs: [JobHandler] = [], schedules: [JobSchedule] = [],
        topics: [TopicKind] = [], pages: PageBundle? = nil, navigation: [SiteChrome.Link] = [],
        personalData: PersonalData? = nil, demo: (@Sendable (DemoStage) async throws -> Void)? = nil
    ) {
        self.routes = routes
        self.services = services
        self.jobs = jobs
        self.schedules = schedules
        self.topics = topics
        self.pages = pages
        self.navigation = navigation
        self.personalData = personalData
        self.demo = demo
    }
}
