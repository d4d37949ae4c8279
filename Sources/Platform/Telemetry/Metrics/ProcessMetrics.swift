#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What Prometheus clients report about their process: processor time, memory, open files, start.
public enum ProcessMetrics {
    /// Declares the metrics; they are read from the operating system when asked for.
    public static func declare(in registry: MetricRegistry) {
        registry.sampled(
            "process_cpu_seconds_total", "Processor time that this process has used.", kind: .counter, unit: .seconds
        ) { [.init(cpuMicroseconds)] }
        registry.sampled("process_resident_memory_bytes", "Memory of this process in RAM.", unit: .bytes) {
            residentBytes.map { [.init($0)] } ?? []
        }
        registry.sampled("process_open_fds", "Files and sockets that this process holds open.") {
            openFiles.map { [.init($0)] } ?? []
        }
        registry.sampled("process_max_fds", "Files and sockets that this process may hold open.") {
            openFilesMax.map { [.init($0)] } ?? []
        }
    }

    /// Processor time of this process, user and system together, in microseconds.
    public static var cpuMicroseconds: Int {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return (Int(usage.ru_utime.tv_sec) + Int(usage.ru_stime.tv_sec)) * 1_000_000
            + Int(usage.ru_utime.tv_usec) + Int(usage.ru_stime.tv_usec)
    }

    /// Memory of this process in RAM; `nil` where `/proc` does not tell.
    public static var residentBytes: Int? {
        guard let fields = firstLine(of: "/proc/self/statm")?.split(separator: " "), fields.count > 1 else {
            return nil
        }
        return Int(fields[1]).map { $0 * Int(getpagesize()) }
    }

    /// Files and sockets that this process holds open; `nil` where `/proc` does not tell.
    public static var openFiles: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without ".", ".." and the folder's own descriptor.
        return max(0, count - 3)
    }

    /// Files and sockets that this process may hold open; `nil` when unlimited.
    public static var openFilesMax: Int? {
        var limit = rlimit()
        #if canImport(Glibc)
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        #else
            guard getrlimit(RLIMIT_NOFILE, &limit) == 0 else { return nil }
        #endif
        return Int(exactly: limit.rlim_cur)
    }

    private static func firstLine(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 256)
        guard fgets(&buffer, 256, file) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
