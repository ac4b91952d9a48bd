import Paths

private let slash = UInt8(ascii: "/")

/// The symbolic links of an archive, and where they lead when followed through each other.
///
/// A link's text alone does not tell where it leads: if `a/up` is a link to the folder itself, the `..` in `a/up/..` leads out of the
/// folder. So all links are resolved here component by component, as in the kernel (path_resolution(7)), but without a file system.
struct LinkTable {
    /// The key is the components of the link's name; a target need not be a valid name.
    private var targets: [[[UInt8]]: (link: ContainedPath, target: [UInt8])] = [:]
    private var textBytes = 0
    private var steps = 0

    var isEmpty: Bool { targets.isEmpty }

    /// Adds a link.
    ///
    /// - Throws: `Fault` for a link whose text alone leads out, or if there are too many links.
    mutating func add(_ link: ContainedPath, to target: [UInt8]) throws(Fault) {
        guard let first = target.first else { throw .refused("is a link without a target") }
        guard first != slash else { throw .refused("is a link to the absolute path \(ContainedPath.quoted(target))") }
        guard target.count < 4096 else { throw .refused("is a link to a path longer than 4095 bytes") }
        textBytes += target.count + 64
        guard textBytes < 64 << 20 else { throw .tooMuch("contains more than 64 MiB of links") }
        targets[link.parts] = (link, target)
        if leadsOut(link, from: 0, hops: 0) { throw outside(target) }
    }

    /// Resolves every link, now that all are known.
    ///
    /// - Parameter top: how many leading components of each name are above the folder that remains.
    /// - Throws: `Fault` with the link that leads out.
    mutating func check(top: Int) throws(LinkFault) {
        // Sort them, so that the same link is reported every time.
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
    ///   - hops: how many other links are followed; the kernel gives up after 40, so a longer chain leads nowhere.
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

    /// The components of a target in reverse order.
    private static func waiting(_ target: [UInt8]) -> [[UInt8]] {
        target.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.reversed().map(Array.init)
    }
}

/// A link that leads out of the folder.
struct LinkFault: Error {
    let link: ContainedPath
    let fault: Fault
}
