/// Sections that stand on the workload: each number of theirs is in the table of assumptions.
extension ReportBuilder {
    private enum Bounds {
        static let stageRows = 8
    }

    // MARK: Assumptions

    func sharedAssumptions(_ workload: Workload) -> [Report.Assumption] {
        var rows: [Report.Assumption] = []
        if let now = workload.usersNow {
            rows.append(Report.Assumption(name: "users.now", value: now.value, unit: "users", origin: now.origin))
        }
        for resource in workload.resources {
            rows.append(
                Report.Assumption(
                    name: "\(resource.name).used", value: resource.used, unit: resource.unit, origin: resource.origin))
            rows.append(
                Report.Assumption(
                    name: "\(resource.name).limit", value: resource.limit, unit: resource.unit,
                    origin: resource.limitOrigin))
        }
        if !workload.resources.isEmpty {
            rows.append(
                Report.Assumption(
                    name: "knee", value: Workload.Bounds.knee, unit: "of a resource",
                    origin: "default: beyond it waiting grows as 1 / (1 - share)"))
        }
        for quantity in workload.quantities {
            rows.append(
                Report.Assumption(
                    name: "quantity.\(quantity.price)", value: quantity.amount, unit: "\(quantity.unit) a month",
                    origin: quantity.origin))
            guard quantity.spared > 0 else { continue }
            rows.append(
                Report.Assumption(
                    name: "spared.\(quantity.price)", value: quantity.spared, unit: "of the quantity",
                    origin: "trials and sizes of the findings, added up"))
        }
        return rows
    }

    // MARK: Capacity

    /// Users by band: a resource that is used in proportion to users ends a band where it is used up.
    ///
    /// Up to twice today's users that is an answer; beyond it is a bound: at most so many, even if nothing gets slower.
    func capacity(of findings: [Finding], _ workload: Workload) -> [Report.Band] {
        guard let now = workload.usersNow?.value, now >= 1 else { return [] }
        let ends = workload.resources.filter { $0.used > 0 }.map { resource in
            (users: now * resource.limit / resource.used, resource: resource)
        }.sorted { $0.users < $1.users }
        var bands: [Report.Band] = []
        var from = 0.0
        for end in ends where end.users > from {
            let certainty: Report.Band.Certainty =
                end.users <= now ? .measured : end.users <= now * 2 ? .projected : .bound
            bands.append(
                Report.Band(
                    from: from, to: end.users, resource: end.resource.text,
                    finding: findings.first { end.resource.rules.contains($0.rule) }?.id, name: end.resource.name,
                    earliest: end.users * Workload.Bounds.knee, certainty: certainty))
            from = end.users
        }
        return bands
    }

    // MARK: Timeline

    /// What fails when: by users where a resource was measured, by days where something accumulates, else by its stage.
    func timeline(of findings: [Finding], _ bands: [Report.Band]) -> [Report.Milestone] {
        var dated: [Report.Milestone] = bands.compactMap { band in
            guard let end = band.to else { return nil }
            let when =
                band.certainty == .bound
                ? "at most at \(Figures.text(end.rounded())) users, perhaps from \(Figures.text((band.earliest ?? end).rounded()))"
                : "between \(Figures.text((band.earliest ?? end).rounded())) and \(Figures.text(end.rounded())) users"
            return Report.Milestone(
                when: when, what: "\(band.resource): all of it is in use", finding: band.finding, users: end,
                isReached: end <= users)
        }
        for finding in findings {
            guard let days = finding.observation.numbers.first(where: { $0.name == "days to the limit" })?.value else {
                continue
            }
            dated.append(
                Report.Milestone(
                    when: "in about \(Figures.text(days.rounded())) days at the present rate", what: finding.title,
                    finding: finding.id, days: days))
        }
        dated.sort { ($0.users ?? .infinity, $0.days ?? .infinity) < ($1.users ?? .infinity, $1.days ?? .infinity) }
        return dated + stages(of: findings, without: Set(dated.compactMap(\.finding)))
    }

    /// What nothing dates, by how soon its kind fails; one row a rule.
    private func stages(of findings: [Finding], without dated: Set<String>) -> [Report.Milestone] {
        let words: [Severity: String] = [
            .critical: "now, or at the next spike", .high: "at the next step of growth",
            .medium: "an order of magnitude on", .low: "late",
        ]
        var rows: [Report.Milestone] = []
        for severity in Severity.allCases.reversed() where severity > .low {
            let own = findings.filter { $0.severity == severity && !dated.contains($0.id) }
            let grouped = Dictionary(grouping: own, by: \.rule).sorted { $0.key < $1.key }
            for (_, same) in grouped.prefix(Bounds.stageRows) {
                let count = same.count > 1 ? " (\(same.count) places)" : ""
                rows.append(
                    Report.Milestone(
                        when: "\(words[severity] ?? ""); no date", what: same[0].title + count, finding: same[0].id))
            }
        }
        return rows
    }

    // MARK: Costs

    func costs(of findings: [Finding], _ workload: Workload) -> Report.Costs {
        guard !prices.prices.isEmpty else {
            return Report.Costs(
                currency: prices.currency, note: "No prices were given (--prices), so nothing has a cost.")
        }
        let growth = workload.usersNow.map { users / max(1, $0.value) }
        let now = workload.quantities.compactMap { prices.line($0.amount, of: $0.price, per: "month") }
        let known = workload.quantities.filter { prices.price($0.price) != nil }
        let atUsers = growth.map { growth in
            known.compactMap { prices.line($0.amount * growth, of: $0.price, per: "month") }
        }
        let afterFixes = growth.map { growth in
            known.compactMap { prices.line($0.amount * growth * (1 - $0.spared), of: $0.price, per: "month") }
        }
        let lists = [now, atUsers ?? [], afterFixes ?? []]
        return Report.Costs(
            now: lists[0], atUsers: lists[1], afterFixes: lists[2],
            totalsMicros: lists.map { $0.reduce(Int64(0)) { $0 &+ $1.micros } }, currency: prices.currency,
            note: costNote(now: now, growth: growth))
    }

    private func costNote(now: [CostLine], growth: Double?) -> String {
        guard !now.isEmpty else { return "No quantity that has a price was measured." }
        guard let growth else {
            return "Quantities times the prices of the table, a month. How many users there are today is not known "
                + "(`users.now` in --prices), so there is no sum for \(Figures.text(users))."
        }
        let reach =
            growth > 2
            ? " \(Figures.text(users)) users are more than twice of what was measured: that column is arithmetic, not a forecast."
            : ""
        return
            "Quantities times the prices of the table, a month; at \(Figures.text(users)) users in proportion to users."
            + reach
    }

    // MARK: Roadmap

    /// What gives most for least comes first: urgency, then effort.
    func roadmap(of findings: [Finding]) -> [Report.Step] {
        findings.sorted { left, right in
            let (early, late) = (Self.phase(of: left), Self.phase(of: right))
            if early != late { return early < late }
            if left.severity != right.severity { return left.severity > right.severity }
            let (first, second) = (Effort.minutes(left.effort), Effort.minutes(right.effort))
            return first != second ? first < second : left.id < right.id
        }.enumerated().map { index, finding in
            Report.Step(
                order: index + 1, finding: finding.id, effort: finding.effort, effect: Self.effect(of: finding),
                phase: Self.phase(of: finding))
        }
    }

    private static func phase(of finding: Finding) -> Report.Step.Phase {
        let minutes = Effort.minutes(finding.effort)
        switch finding.severity {
        case .critical: return .week
        case .high: return minutes <= 480 ? .week : .month
        case .medium: return minutes <= 240 ? .month : .quarter
        case .low: return minutes <= 30 ? .month : .quarter
        }
    }

    private static func effect(of finding: Finding) -> String {
        if let trial = finding.trial, let before = trial.costBefore, let after = trial.costAfter {
            return "planner's cost \(Figures.text(before)) to \(Figures.text(after))"
        }
        return "spares \(finding.projection.firstResource)"
    }

    // MARK: Summary

    /// The first page in a few sentences.
    func headline(_ counted: [Finding], _ bands: [Report.Band], _ costs: Report.Costs) -> [String] {
        guard let worst = counted.first else { return ["Nothing that was looked for was found."] }
        var lines: [String] = []
        let urgent = counted.count { $0.severity >= .high }
        let number = counted.count == 1 ? "1 finding" : "\(counted.count) findings"
        lines.append(
            urgent == 0
                ? "\(number), none of them urgent."
                : "\(number), \(urgent) of them urgent. The most urgent: \(worst.title) (\(worst.location.text))."
        )
        if let first = bands.first, let end = first.to {
            lines.append(
                "First to run out: \(first.resource), at \(first.certainty == .bound ? "most " : "")"
                    + "\(Figures.text(end.rounded())) users.")
        } else {
            lines.append(
                "How many users it carries is not said: that needs a database with people in it, or `users.now` in --prices."
            )
        }
        let quick = counted.filter { $0.severity >= .medium && Effort.minutes($0.effort) <= 60 }
        if !quick.isEmpty {
            lines.append(
                "\(quick.count) of them take an hour or less each, such as: \(quick[0].title) (\(quick[0].location.text))."
            )
        }
        if costs.totalsMicros[1] > 0 {
            lines.append(
                "What was priced costs \(Figures.money(costs.totalsMicros[0])) \(costs.currency) a month today, "
                    + "\(Figures.money(costs.totalsMicros[1])) at \(Figures.text(users)) users, "
                    + "\(Figures.money(costs.totalsMicros[2])) after the fixes.")
        }
        return lines
    }
}
