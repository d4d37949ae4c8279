import Jobs

/// Saved searches that are due.
enum SavedSearchJobs {
    static let due = JobKind<NoJobInput>("discovery.savedSearch.due", attemptsMax: 3, timeout: .seconds(240))

    static let schedules = [
        JobSchedule("discovery.savedSearch.due", every: .seconds(300), due, NoJobInput())
    ]

    static func handlers(_ desk: SavedSearchDesk) -> [JobHandler] {
        [due.handler { _, _ in _ = try await desk.startDue() }]
    }
}
