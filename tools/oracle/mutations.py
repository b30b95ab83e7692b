#!/usr/bin/python3
"""Proves that the tests see: changes one line of the learner at a time in a copy of the source
tree, rebuilds the learner's tests and expects the comparison with td3_oracle.py to fail, or the
test that a change names. Exits 1 when a change goes unnoticed. A long test: about 20 seconds per change after the first build.

  mutations.py [--work DIR] [--only NAME] [--jobs 2] [--list]
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
UPDATE, NETWORKS, FLAT = "src/learn/td3_update.cc", "src/learn/networks.cc", "src/learn/flat_params.cc"
IMITATION = "src/learn/imitation_update.cc"
MOBILENET = "src/learn/mobilenet.cc"
BELLMAN, REGRESSION = "src/learn/bellman_target.cc", "src/learn/regression.cc"

ORACLE = "*Oracle*"
# name, file, exact old text (found once), new text, and the tests that must fail if not the oracle's
MUTATIONS = [
    ("twin maximum instead of minimum", BELLMAN,
     "b.discount * at::minimum(q1, q2)", "b.discount * q1.maximum(q2)"),
    ("sign of the actor's loss", UPDATE, "b.share * (-q.mean()", "b.share * (q.mean()"),
    ("limit of the critic's gradient", UPDATE,
     'ClipFor(config.critic_grad_norm), "critic")',
     'ClipFor(0.99 * config.critic_grad_norm), "critic")'),
    ("tau of the targets", UPDATE,
     "slow.Follow(online, config.tau, begin, end);",
     "slow.Follow(online, 1.0 - config.tau, begin, end);"),
    ("terminated transitions bootstrap", "src/learn/td3_inputs.cc",
     "b.discount = FromFloats(batch.discount.data(), {n});",
     "b.discount = FromFloats(batch.discount.data(), {n}).clone().fill_(0.99f);"),
    ("the actor trained on every update", UPDATE,
     "metrics.actor_updated = metrics.update % config.policy_delay == 0;",
     "metrics.actor_updated = true;"),
    ("the actor's loss trains the critic's encoder", UPDATE,
     "features.critic = critic_step_features.detach();", "features.critic = critic_step_features;"),
    ("target noise is not clipped", BELLMAN,
     "std::clamp(sigma * random.Normal(), -bound, bound)", "sigma * random.Normal()"),
    ("target action is not clipped", BELLMAN,
     "(pi + noise).clamp_(-1.0, 1.0)", "pi + noise"),
    ("epsilon of the normalisation layers", NETWORKS,
     "kNormEpsilon = 1e-5;", "kNormEpsilon = 1e-6;"),
    ("online policy in the target", BELLMAN,
     "target.actor.Forward(next.actor, b.next_vector, b.next_how)",
     "frozen.actor.Forward(next.actor, b.next_vector, b.next_how)"),
    ("online critic in the target", BELLMAN,
     "target.critic.Forward(next.critic,",
     "frozen.critic.Forward(next.critic,"),
    ("the critic sees the actor's features in the actor's loss", UPDATE,
     "frozen.critic.Q1(features.critic, b.vector, pi.action, b.how)",
     "frozen.critic.Q1(features.actor, b.vector, pi.action, b.how)"),
    ("slope of LeakyReLU", NETWORKS, "kLeakySlope = 0.01;", "kLeakySlope = 0.02;"),
    ("LayerNorm of the heads after ReLU", NETWORKS,
     "at::relu(LayerNorm(x, norms[i]))", "LayerNorm(at::relu(x), norms[i])"),
    ("BatchNorm's epsilon", MOBILENET, "kEpsilon = 0.001;", "kEpsilon = 0.002;"),
    ("momentum of the running statistics", MOBILENET, "kMomentum = 0.01;", "kMomentum = 0.02;"),
    ("blocks without their shortcut", MOBILENET, "block.residual ? x + y : y", "y"),
    ("targets keep their running statistics", UPDATE,
     "target_statistics.values().copy_(next_statistics.values());", "(void)0;"),
    ("Adam without the second bias correction", FLAT,
     "std::sqrt(1.0 - std::pow(sizes.beta2, t))", "1.0"),
    ("the agent's own rows are cloned", UPDATE,
     "const int64_t first = b.action.size(0) - b.demonstrations;", "const int64_t first = 0;"),
    ("the cloning term does not fall", UPDATE, "d.bc_weight * std::max(left, 0.0)", "d.bc_weight"),
    ("the cloning term aims at the executed action", UPDATE,
     "at::mse_loss(pi.action.narrow(0, first, b.demonstrations), b.label)",
     "at::mse_loss(pi.action.narrow(0, first, b.demonstrations), "
     "b.action.narrow(0, first, b.demonstrations))"),
    ("an imitation compares before tanh", IMITATION,
     "at::mse_loss(shard.actor.pi.action, b.action)",
     "at::mse_loss(shard.actor.pi.pre_tanh, b.action)"),
    ("limit of an imitation's gradient", IMITATION,
     "ClipFor(config.actor_grad_norm)", "ClipFor(0.99 * config.actor_grad_norm)"),
    ("Adam's step count in an imitation", IMITATION,
     "Step(actor_params, actor_adam, counters.actor_updates + 1);",
     "Step(actor_params, actor_adam, counters.actor_updates + 2);"),
    ("the encoder steps at the head's rate", FLAT,
     "StepRange(params, step, begin, heads, encoder_rate);",
     "StepRange(params, step, begin, heads, learning_rate);"),
    ("importance weights are left out", REGRESSION,
     "(weight * (q - y).square()).mean()", "(q - y).square().mean()"),
    ("Huber bends at 2", REGRESSION, "/*delta=*/1.0", "/*delta=*/2.0"),
    ("the priority is that of the first critic", REGRESSION,
     "at::maximum((q1 - y).abs(), (q2 - y).abs())", "(q1 - y).abs()"),
    ("exponent of the priorities", "src/replay/priorities.cc",
     "std::pow(p, options.alpha)", "std::pow(p, 0.5 * options.alpha)"),
    ("the memory does not begin empty", "src/learn/memory.cc",
     "at::zeros({1, how.sequences, units}, x.options())",
     "at::zeros({1, how.sequences, units}, x.options()).fill_(0.1)"),
    ("the target forgets what came before the step", "src/learn/td3_inputs.cc",
     "index(layout.next_row, all)", "index(layout.row, all)"),
    ("the actor acts on the memory of other steps", UPDATE,
     "nets.actor.Forward(features.actor, b.vector, b.how)",
     "nets.actor.Forward(features.actor, b.vector, {b.how.sequences, b.how.rows.flip(0), {}})"),
    ("gradients are not clipped", "src/learn/clipping.cc",
     "if (scaled) grads.mul_(scale);", "if (scaled) grads.mul_(1.0);", "Clipping.*"),
    ("a trainable target passes the audit", "src/learn/audit.cc",
     "if (bound.tensor.requires_grad()) Fail", "if (false) Fail", "Audit.*"),
    ("the actor's loss has a gradient through the state", UPDATE,
     "features.critic = critic_step_features.detach();", "features.critic = critic_step_features;",
     "*ActorGradientGoesThroughTheActionOnly*"),
]

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(volante_mutations LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
add_compile_options(-O1 -march=x86-64-v2 -ffp-contract=off)
find_package(Torch REQUIRED)
file(GLOB sources src/base/*.cc src/learn/*.cc src/replay/priorities.cc src/replay/sum_tree.cc
  src/replay/replay.cc tests/learn/oracle*.cc tests/learn/td3_test.cc)
add_executable(oracle_test ${sources})
target_include_directories(oracle_test PRIVATE src tests)
target_include_directories(oracle_test SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
target_compile_definitions(oracle_test PRIVATE AT_PER_OPERATOR_HEADERS
  VOLANTE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(oracle_test PRIVATE torch_cpu c10 gmock_main gmock gtest xxhash fmt ${CMAKE_DL_LIBS})
"""


def copy_tree(work):
    for part in ("src/base", "src/config", "src/env_api", "src/replay", "src/store", "src/learn",
                 "tests/learn", "tools/oracle"):
        shutil.copytree(ROOT / part, work / part, dirs_exist_ok=True)
    (work / "CMakeLists.txt").write_text(CMAKE)


def build(work, jobs):
    return subprocess.run(["ninja", "-C", work / "build", "-j", str(jobs)],
                          capture_output=True, text=True)


def tests_pass(work, which):
    result = subprocess.run([work / "build" / "oracle_test", "--gtest_fail_fast",
                             f"--gtest_filter={which}"], capture_output=True, text=True)
    failed = [line for line in result.stdout.splitlines() if line.startswith("[  FAILED  ]")]
    where = failed[0].split("/")[-1].split(",")[0] if failed else "no test result"
    return result.returncode == 0, where


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", help="folder for the copy and its build; kept")
    parser.add_argument("--only", help="only the changes whose name contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="print the changes and stop")
    parser.add_argument("--check", action="store_true",
                        help="stop when each change is found exactly once in its file")
    arguments = parser.parse_args()
    chosen = [m for m in MUTATIONS if not arguments.only or arguments.only in m[0]]
    if arguments.list:
        for name, file, old, new, *_ in chosen:
            print(f"{name} ({file})\n  - {old}\n  + {new}")
        return 0
    for name, file, old, *_ in MUTATIONS:
        if (ROOT / file).read_text().count(old) != 1:
            sys.exit(f"{name}: '{old}' is not found exactly once in {file}")
    if arguments.check:
        return 0

    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(arguments.work or temporary)
        copy_tree(work)
        subprocess.run(["cmake", "-S", work, "-B", work / "build", "-G", "Ninja",
                        "-DCMAKE_BUILD_TYPE=None"], check=True, stdout=subprocess.DEVNULL)
        result = build(work, arguments.jobs)
        if result.returncode != 0:
            sys.exit("the unchanged tree does not build:\n" + result.stdout[-3000:])
        needed = {m[4] if len(m) > 4 else ORACLE for m in chosen}
        if not tests_pass(work, ":".join(sorted(needed)))[0]:
            sys.exit("the unchanged tree fails its tests")
        print("unchanged: passes", flush=True)
        unnoticed = 0
        for name, file, old, new, *which in chosen:
            path = work / file
            original = path.read_text()
            path.write_text(original.replace(old, new))
            result = build(work, arguments.jobs)
            if result.returncode != 0:
                sys.exit(f"{name}: does not build:\n" + result.stdout[-3000:])
            passes, where = tests_pass(work, which[0] if which else ORACLE)
            print(f"{name}: " + ("UNNOTICED" if passes else f"fails ({where})"), flush=True)
            unnoticed += passes
            path.write_text(original)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} changes noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
