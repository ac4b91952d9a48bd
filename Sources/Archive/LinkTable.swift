import Paths

private let slash = UInt8(ascii: "/")

/// The symbolic links of an archive, and where they lead by the way of each other.
///
/// The text of a link does not say where it leads: in `a/up/..`, with `a/up` a link to the folder itself, the `..` leads out of it. So all of
/// them are followed here, part by part, as the kernel would (path_resolution(7)), but on no disk.
struct LinkTable {
    /// By the parts of their names, which a target need not have as good as a name.
    private var targets: [[[UInt8]]: (link: ContainedPath, target: [UInt8])] = [:]
    private var textBytes = 0
    private var steps = 0

    var isEmpty: Bool { targets.isEmpty }

    /// Notes a link.
    ///
    /// - Throws: `Fault` for one that by its text alone leads out, or when there are too many.
    mutating func add(_ link: ContainedPath, to target: [UInt8]) throws(Fault) {
        guard let first = target.first else { throw .refused("is a link without a target") }
        guard first != slash else { throw .refused("is a link to the absolute path \(ContainedPath.quoted(target))") }
        guard target.count < 4096 else { throw .refused("is a link to a path longer than 4095 bytes") }
        textBytes += target.count + 64
        guard textBytes < 64 << 20 else { throw .tooMuch("contains more than 64 MiB of links") }
        targets[link.parts] = (link, target)
        if leadsOut(link, from: 0, hops: 0) { throw outside(target) }
    }

    /// Follows every link to its end, now that all are known.
    ///
    /// - Parameter top: how many leading parts of each name are above the folder that will be left.
    /// - Throws: `Fault` with the link that leads out.
    mutating func check(top: Int) throws(LinkFault) {
        // Sorted, so that of two the same one is named each time.
        for (link, target) in targets.values.sorted(by: { $0.link < $1.link }) {
            if leadsOut(link, from: top, hops: 40) { throw LinkFault(link: link, fault: outside(target)) }
            guard steps < 1_000_000 else {
                throw LinkFault(link: link, fault: .tooMuch("contains links that form a loop"))
            }
        }
    }

    private func outside(_ target: [UInt8]) -> Fault {
        .refused("is a link to \(ContainedPath.quoted(target)), which is outside the folder")
    }

    /// - Parameters:
    ///   - hops: how many other links are followed; the kernel gives up after 40, so what comes later leads nowhere.
    private mutating func leadsOut(_ link: ContainedPath, from top: Int, hops: Int) -> Bool {
        guard let target = targets[link.parts]?.target else { return false }
        var place = Array(link.parts.dropLast())
        var rest = Self.waiting(target)
        var hops = hops
        while let part = rest.popLast() {
            steps += 1
            if part.elementsEqual("..".utf8) {
                guard place.count > top else { return true }
                place.removeLast()
                continue
            }
            place.append(part)
            guard hops > 0, let next = targets[place]?.target else { continue }
            hops -= 1
            place.removeLast()
            rest += Self.waiting(next)
            if steps > 1_000_000 { return false }
        }
        return false
    }

    /// The parts of a target, the first one last.
    private static func waiting(_ target: [UInt8]) -> [[UInt8]] {
        target.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.reversed().map(Array.init)
    }
}

/// A link that leads out.
struct LinkFault: Error {
    let link: ContainedPath
    let fault: Fault
}
