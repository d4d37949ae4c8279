extension MetricRegistry {
    /// The content type of ``prometheusText()``.
    public static let prometheusContentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics in the Prometheus text exposition format 0.0.4.
    ///
    /// Each number is read atomically; the page as a whole is no snapshot, but a histogram's count always equals its
    /// last bucket. Takes about a microsecond per series.
    public func prometheusText() -> String {
        var page = PrometheusPage()
        for metric in metrics { page.append(metric) }
        return page.text
    }
}

private struct PrometheusPage {
    var text = ""

    mutating func append(_ metric: MetricRegistry.Metric) {
        let name = metric.name
        switch metric.body {
        case .counter(let counter):
            head(metric, "counter")
            for (index, series) in counter.series.enumerated() where series.value != 0 || !counter.space.isOther(index)
            {
                line(name, labels(counter.space, index), shown(series.value, metric.unit))
            }
        case .gauge(let gauge):
            head(metric, "gauge")
            for (index, series) in gauge.series.enumerated() where series.value != 0 || !gauge.space.isOther(index) {
                line(name, labels(gauge.space, index), shown(series.value, metric.unit))
            }
        case .histogram(let histogram):
            head(metric, "histogram")
            for (index, series) in histogram.series.enumerated() {
                append(series, labels(histogram.space, index), metric, isOther: histogram.space.isOther(index))
            }
        case .sampled(let kind, let names, let readers):
            head(metric, kind == .counter ? "counter" : "gauge")
            append(readers.flatMap { $0() }, names, metric)
        }
    }

    private mutating func append(
        _ series: Histogram.Series, _ labels: String, _ metric: MetricRegistry.Metric, isOther: Bool
    ) {
        let counts = series.cumulative
        let count = counts.last ?? 0
        if isOther, count == 0 { return }
        let separator = labels.isEmpty ? "" : ","
        for (bound, below) in zip(series.bounds, counts) {
            let edge = shown(bound, metric.unit)
            line(metric.name + "_bucket", "\(labels)\(separator)le=\"\(edge)\"", String(below))
        }
        line(metric.name + "_bucket", "\(labels)\(separator)le=\"+Inf\"", String(count))
        line(metric.name + "_sum", labels, shown(series.sum, metric.unit))
        line(metric.name + "_count", labels, String(count))
    }

    /// Several readers may show the same series, which the format forbids to repeat: their values are added up.
    private mutating func append(
        _ samples: [MetricRegistry.Sample], _ names: [String], _ metric: MetricRegistry.Metric
    ) {
        var order: [[String]] = []
        var sums: [[String]: Int] = [:]
        for sample in samples where sample.labels.count == names.count {
            if sums[sample.labels] == nil {
                guard order.count < MetricRegistry.samplesMax else { continue }
                order.append(sample.labels)
            }
            sums[sample.labels, default: 0] += sample.value
        }
        for values in order {
            let labels = zip(names, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
            line(metric.name, labels, shown(sums[values] ?? 0, metric.unit))
        }
    }

    private mutating func head(_ metric: MetricRegistry.Metric, _ type: String) {
        text += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n# TYPE \(metric.name) \(type)\n"
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        text += name
        if !labels.isEmpty { text += "{\(labels)}" }
        text += " \(value)\n"
    }

    private func labels(_ space: SeriesSpace, _ index: Int) -> String {
        zip(space.labels, space.values(index))
            .map { "\($0.name)=\"\(escaped($1, quotes: true))\"" }
            .joined(separator: ",")
    }

    private func shown(_ value: Int, _ unit: MetricUnit) -> String {
        switch unit {
        case .count, .bytes: String(value)
        case .seconds: String(Double(value) / 1_000_000)
        }
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
