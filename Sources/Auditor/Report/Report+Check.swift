/// What keeps sections from contradicting one another.
extension Report {
    /// Every place where two sections disagree; a report with one is not given out.
    public var contradictions: [String] {
        var found: [String] = []
        let ids = Set(findings.map(\.id))
        if ids.count != findings.count { found.append("two findings have one id") }
        found += summaryContradictions
        for finding in findings where !finding.projection.isHonest {
            found.append("the projection of \(finding.id) goes beyond what was measured")
        }
        for finding in findings where finding.observation.command.isEmpty {
            found.append("nothing repeats the observation of \(finding.id)")
        }
        let counted = Set(counted.map(\.id))
        let planned = roadmap.map(\.finding)
        if Set(planned) != counted || planned.count != counted.count {
            found.append("the roadmap has \(planned.count) steps for \(counted.count) findings")
        }
        if roadmap.map(\.order) != Array(1...max(1, roadmap.count)).prefix(roadmap.count).map({ $0 }) {
            found.append("the roadmap is not numbered from 1")
        }
        let named =
            timeline.compactMap(\.finding) + capacity.compactMap(\.finding) + metrics.flatMap(\.findings)
            + summary.grades.flatMap(\.findings)
        for id in Set(named).subtracting(ids).sorted() { found.append("a section names \(id), which is no finding") }
        found += costContradictions + capacityContradictions + assumptionContradictions
        return found
    }

    private var summaryContradictions: [String] {
        var found: [String] = []
        for severity in Severity.allCases {
            let stated = summary.counts[severity.rawValue] ?? 0
            let actual = counted.count { $0.severity == severity }
            if stated != actual {
                found.append("the summary counts \(stated) \(severity.rawValue), there are \(actual)")
            }
        }
        if summary.suppressed != findings.count - counted.count {
            found.append("the summary counts \(summary.suppressed) suppressed")
        }
        for grade in summary.grades where grade != Grade(of: grade.component, from: counted) {
            found.append("the grade of \(grade.component.rawValue) does not follow from its findings")
        }
        return found
    }

    private var costContradictions: [String] {
        let sums = [costs.now, costs.atUsers, costs.afterFixes].map { $0.reduce(Int64(0)) { $0 &+ $1.micros } }
        var found = sums == costs.totalsMicros ? [] : ["the totals of the costs are not the sums of their lines"]
        let lines = costs.now + costs.atUsers + costs.afterFixes + findings.compactMap(\.cost)
        for line in lines where line.period != "month" {
            found.append("the cost of \(line.price) is a \(line.period)'s: sums are of months")
        }
        for line in costs.now where isOff(line.quantity, from: assumption("quantity.\(line.price)")) {
            found.append("the cost of \(line.price) stands on another quantity than the assumptions")
        }
        guard let users = assumption("users"), let now = assumption("users.now") else {
            return costs.atUsers.isEmpty ? found : found + ["costs at N users stand on no number of users today"]
        }
        for line in costs.atUsers {
            let quantity = assumption("quantity.\(line.price)").map { $0 * users / max(1, now) }
            guard isOff(line.quantity, from: quantity) else { continue }
            found.append("the cost of \(line.price) at \(users) users does not follow from the assumptions")
        }
        return found
    }

    private func assumption(_ name: String) -> Double? { assumptions.first { $0.name == name }?.value }

    private func isOff(_ value: Double, from expected: Double?) -> Bool {
        guard let expected else { return true }
        return abs(value - expected) > max(1e-9, abs(expected) * 1e-9)
    }

    private var capacityContradictions: [String] {
        var found: [String] = []
        for (band, next) in zip(capacity, capacity.dropFirst()) where band.to != next.from {
            found.append("the band that starts at \(next.from) users does not follow the one before it")
        }
        for band in capacity {
            guard let end = band.to, end < band.from else { continue }
            found.append("a band of capacity ends before its start, at \(band.from) users")
        }
        for band in capacity {
            guard let end = band.to, let name = band.name else { continue }
            let users = assumption("users.now") ?? 0
            let expected = (assumption("\(name).limit") ?? 0) / max(1e-9, assumption("\(name).used") ?? 0) * users
            if isOff(end, from: expected) {
                found.append("the band that \(name) ends does not follow from the assumptions")
            }
        }
        for milestone in timeline {
            guard let at = milestone.users, let isReached = milestone.isReached, let users = assumption("users") else {
                continue
            }
            if isReached != (at <= users) { found.append("the timeline is for another number of users") }
        }
        return found
    }

    private var assumptionContradictions: [String] {
        let names = assumptions.map(\.name)
        return Set(names).count == names.count ? [] : ["two assumptions have one name"]
    }
}

extension Report.Grade {
    /// A without findings; what is most urgent decides the rest, so that a hundred small things are no F.
    init(of component: Component, from findings: [Finding]) {
        let own = findings.filter { $0.component == component }
        let letter =
            switch own.map(\.severity).max() {
            case nil: "A"
            case .low: "B"
            case .medium: "C"
            case .high: "D"
            case .critical: "F"
            }
        self.init(component: component, letter: letter, findings: own.map(\.id))
    }
}
