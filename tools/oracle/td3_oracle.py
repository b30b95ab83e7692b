#!/usr/bin/python3
"""An independent TD3: reads an initial state and raw experience, trains, writes the state after.

Uses torch.nn, autograd, torch.optim.Adam and clip_grad_norm_ and the pseudo-code of Fujimoto et
al. 2018 (algorithm 1) with the wirings of the project's specification; shares no code with the
C++ program, and rebuilds frame stacks, normalisation, noise and masks from raw data.

  td3_oracle.py DIR      reads DIR/case.json and DIR/case.bin, writes DIR/result.json and .bin

case.json: the learner's configuration, `dtype`, `noise_key` (the Philox key of the noise stream),
counters, `batches` (lists of transition numbers) and `tensors`: name -> [dtype, shape, offset] in
case.bin (little-endian, row-major); with `replay_priority` per also `weights`, like `batches`, and
with either priority `priority_alpha` and `per_epsilon`. Experience, one row per tick of consecutive episodes:
frames uint8 [T,84,84], vectors f32 [T,53], actions f32 [T,2], labels f32 [T,2] (a teacher's
actions: the cloning term's and an imitation's aim), rewards f32 [T], flags u8 [T]
(0 running, 1 terminated, 2 truncated: how the transition from tick t ended), episode_start i64 [T]
(the row at which the episode of row t starts). The next observation of row t is row t + 1; the
last row of an episode is only ever a next observation.

With `memory` gru or lstm a batch lists the first steps that carry a loss, one per sequence:
`burn_in` steps before it, as far as the episode reaches back, only fill the memory, and steps follow
up to `sequence_length` in all, as far as the episode goes; returns are of `n_step` rewards.
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch

from td3_networks import Agent, slot

NUMPY = {"F32": np.float32, "F64": np.float64, "U8": np.uint8, "I64": np.int64}
TERMINATED = 1
NOT_EXCHANGED = "num_batches_tracked"  # of BatchNorm; nothing depends on it


def read_tensors(index, path):
    data = path.read_bytes()
    tensors = {}
    for name, (dtype, shape, offset) in index.items():
        count = math.prod(shape)
        array = np.frombuffer(data, NUMPY[dtype], count, offset).reshape(shape)
        tensors[name] = torch.from_numpy(array.copy())
    return tensors


def write_tensors(tensors, path):
    index, blob = {}, bytearray()
    for name, tensor in tensors.items():
        array = tensor.detach().contiguous().numpy()
        dtype = next(key for key, value in NUMPY.items() if value == array.dtype)
        index[name] = [dtype, list(array.shape), len(blob)]
        blob += array.tobytes()
    path.write_bytes(blob)
    return index


def philox4x32(counter, key):
    """Philox4x32-10 of Salmon et al., SC 2011, section 3.3, on arrays of counters."""
    mask = np.uint64(0xFFFFFFFF)
    c = [np.asarray(word, np.uint64) for word in counter]
    k0, k1 = key
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c[0]
        p1 = np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & mask]
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def normals(key, stream, count):
    """The first `count` standard normals of a stream: one Philox block each, Box-Muller."""
    block = np.arange(count, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    zero = np.zeros(count, np.uint64)
    w = philox4x32(
        [block & low, block >> np.uint64(32), zero + np.uint64(stream & 0xFFFFFFFF),
         zero + np.uint64(stream >> 32)],
        (key & 0xFFFFFFFF, key >> 32))
    def uniform(a, b):
        return ((a | (b << np.uint64(32))) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    u = 1.0 - uniform(w[0], w[1])
    v = uniform(w[2], w[3])
    return np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * math.pi * v)


class Experience:
    def __init__(self, tensors, case, dtype):
        self.frames = tensors.get("frames")
        self.vectors, self.actions = tensors["vectors"], tensors["actions"]
        self.labels = tensors["labels"]
        self.rewards, self.flags = tensors["rewards"], tensors["flags"]
        self.episode_start = tensors["episode_start"]
        self.case, self.dtype = case, dtype

    def stack(self, row):
        """4 frames, oldest first, `frame_stride` ticks apart; the first of the episode fills in."""
        start = int(self.episode_start[row])
        stride = self.case["frame_stride"]
        rows = [max(start, row - k * stride) for k in (3, 2, 1, 0)]
        return torch.stack([self.frames[r] for r in rows])

    def observation(self, rows):
        vector = self.vectors[rows].to(self.dtype)
        if self.frames is None:
            return None, vector
        image = torch.stack([self.stack(r) for r in rows]).to(self.dtype)
        return image / 255.0 * 2.0 - 1.0, vector

    def goes_on(self, row):
        return (row + 1 < len(self.flags) and
                self.episode_start[row + 1] == self.episode_start[row])

    def steps_from(self, row):
        """Reward, discount and last observation of the n steps from `row`, float32 as stored."""
        reward, weight = 0.0, 1.0
        for _ in range(self.case["n_step"]):
            if not self.goes_on(row):
                break
            reward += weight * float(self.rewards[row])
            weight *= self.case["discount"]
            terminated = int(self.flags[row]) == TERMINATED
            row += 1
        return np.float32(reward), np.float32(0.0 if terminated else weight), row

    def sequences(self, firsts):
        """Observations of all stretches, and of the steps with a loss: where they go from and to."""
        case = self.case
        rows, lengths, taken, reached, learned, rewards, discounts = [], [], [], [], [], [], []
        for first in firsts:
            begin = max(first - case["burn_in"], int(self.episode_start[first]))
            last = begin
            for row in range(first, begin + case["sequence_length"]):
                if not self.goes_on(row):
                    break
                reward, discount, last = self.steps_from(row)
                learned.append(row)
                rewards.append(reward)
                discounts.append(discount)
                taken.append(len(rows) + row - begin)
                reached.append(len(rows) + last - begin)
            lengths.append(last + 1 - begin)
            rows += range(begin, last + 1)
        seen = self.observation(rows)
        return ((*seen, (lengths, taken)), (*seen, (lengths, reached)),
                self.actions[learned].to(self.dtype), self.labels[learned].to(self.dtype),
                torch.tensor(rewards, dtype=self.dtype), torch.tensor(discounts, dtype=self.dtype))

    def batch(self, rows):
        if self.case["memory"] != "none":
            return self.sequences(rows)
        following = [r + 1 for r in rows]
        terminated = (self.flags[rows] == TERMINATED).to(self.dtype)
        # gamma as the replay stores it: a float32
        gamma = float(np.float32(self.case["discount"]))
        return ((*self.observation(rows), None), (*self.observation(following), None),
                self.actions[rows].to(self.dtype), self.labels[rows].to(self.dtype),
                self.rewards[rows].to(self.dtype), gamma * (1.0 - terminated))


def regression_loss(case, q, y, weight):
    """Of one critic. PER: Schaul et al. 2016, algorithm 1, line 12; LAP: Fujimoto et al. 2020,
    algorithm 1 and equation 8."""
    delta = q - y
    if case["replay_priority"] == "per":
        return torch.sum(weight * delta * delta) / len(delta)
    if case["replay_priority"] == "lap":
        size = torch.abs(delta)
        return torch.where(size <= 1.0, 0.5 * delta**2, size - 0.5).mean()
    return torch.nn.functional.mse_loss(q, y)


def new_priorities(case, errors):
    """p^alpha as the replay draws by it next time."""
    if case["replay_priority"] == "lap":
        return [max(e, 1.0) ** case["priority_alpha"] for e in errors]
    return [(e + case["per_epsilon"]) ** case["priority_alpha"] for e in errors]


class Td3:
    def __init__(self, case, tensors, dtype):
        self.case, self.dtype = case, dtype
        self.online = Agent(case).to(dtype)
        self.target = Agent(case).to(dtype).eval()  # BatchNorm there goes by running statistics
        self.load(self.online, tensors, "")
        if not case["target_encoder"]:
            # The target networks look through the online encoder; these copies are never used.
            tensors = dict(tensors)
            for name in list(tensors):
                if "/encoder/" in name and not name.startswith("adam/"):
                    tensors["target_" + name] = tensors[name]
        self.load(self.target, tensors, "target_")
        self.delta_last = tensors.get("momentum/delta_last")
        self.optimizers = {group: self.adam(group) for group in ("actor", "critic")}
        self.updates = case["updates"]
        steps = {"actor": case["actor_updates"],
                 "critic": case["updates"] if case["imitation"] == "none" else 0}
        for group, optimizer in self.optimizers.items():
            if steps[group] == 0:
                continue
            for name, parameter in getattr(self.online, group).named_parameters():
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(steps[group])),
                    "exp_avg": tensors[f"adam/first_moment/{group}/{slot(name)}"].clone(),
                    "exp_avg_sq": tensors[f"adam/second_moment/{group}/{slot(name)}"].clone(),
                }

    def adam(self, group):
        """One optimizer; its encoder is a parameter group with a learning rate of its own."""
        named = list(getattr(self.online, group).named_parameters())
        encoder = [p for name, p in named if name.startswith("encoder.")]
        others = [p for name, p in named if not name.startswith("encoder.")]
        rate = self.case[group + "_lr"]
        groups = [{"params": others}]
        if encoder:
            groups.append({"params": encoder, "lr": self.case[group + "_encoder_lr"] or rate})
        decay = self.case["critic_weight_decay"] if group == "critic" else 0.0
        return torch.optim.Adam(groups, lr=rate, weight_decay=decay)

    @staticmethod
    def load(module, tensors, prefix):
        module.load_state_dict(
            {name: tensors[prefix + slot(name)]
             for name in module.state_dict() if not name.endswith(NOT_EXCHANGED)}, strict=False)

    def encode(self, agent, image):
        """Features for actor and critic."""
        if image is None:
            return None, None
        critic = agent.critic.encoder(image)
        if self.case["wiring"] == "separate":
            return agent.actor.encoder(image), critic
        return critic, critic

    def bellman_target(self, next_observation, reward, discount):
        case = self.case
        image, vector, stretches = next_observation
        with torch.no_grad():
            if image is None:
                actor_features = critic_features = None
            elif case["wiring"] == "legacy":
                actor_features = critic_features = self.online.critic.encoder(image)
            elif case["target_encoder"]:
                actor_features, critic_features = self.encode(self.target, image)
            else:
                encoder = self.online.critic.encoder
                training = encoder.training
                encoder.eval()
                actor_features, critic_features = self.encode(self.online, image)
                encoder.train(training)
            action, _ = self.target.actor(actor_features, vector, stretches)
            noise = normals(case["noise_key"], self.updates, action.numel())
            noise = torch.from_numpy(noise).reshape(action.shape) * case["target_policy_noise"]
            limit = case["target_noise_clip"]
            action = torch.clamp(action + torch.clamp(noise, -limit, limit).to(self.dtype), -1, 1)
            q1, q2 = self.target.critic(critic_features, vector, action, stretches)
            return reward + discount * self.next_value(q1, q2)

    def next_value(self, q1, q2):
        if q2 is None:
            return q1
        if self.case["target_value"] == "min":
            return torch.min(q1, q2)
        # MPG: max - (last difference + this one) / 2
        now = torch.abs(q1 - q2)
        if self.case["momentum_delta"] == "batch_scalar":
            now = now.mean() * torch.ones_like(now)
        adjusted = (self.delta_last + now) / 2
        following = now if self.case["momentum_last"] == "raw" else adjusted
        self.delta_last = following.mean().reshape(1)
        return torch.max(q1, q2) - adjusted

    def step(self, group, loss, limit):
        self.optimizers[group].zero_grad()
        loss.backward()
        parameters = list(getattr(self.online, group).parameters())
        kind = self.case["grad_clip"]
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit if kind == "norm" else math.inf)
        if kind == "value":
            torch.nn.utils.clip_grad_value_(parameters, self.case["grad_value"])
        self.optimizers[group].step()
        return float(norm)

    def update(self, batch, weight=None):
        case = self.case
        (image, vector, stretches), next_observation, action, label, reward, discount = batch
        y = self.bellman_target(next_observation, reward, discount)
        features = None if image is None else self.online.critic.encoder(image)
        q1, q2 = self.online.critic(features, vector, action, stretches)
        critic_loss = regression_loss(case, q1, y, weight)
        if q2 is not None:
            critic_loss = critic_loss + regression_loss(case, q2, y, weight)
        gap = 0.0 if q2 is None else float((q1 - q2).abs().mean())
        record = {"critic_loss": float(critic_loss), "target_mean": float(y.mean()),
                  "q_batch_mean": float(q1.mean()), "twin_gap": gap,
                  "td_error_mean": float((q1 - y).abs().mean()),
                  "q_std": float(q1.std(unbiased=False))}
        if case["with_features"]:
            record["features"] = features.detach().flatten().tolist()
        if case["replay_priority"] != "uniform":
            of_critics = [(q - y).abs().tolist() for q in (q1, q2) if q is not None]
            errors = [max(of_row) for of_row in zip(*of_critics)]
            record["td_errors"], record["priorities"] = errors, new_priorities(case, errors)
        record["critic_norm"] = self.step("critic", critic_loss, case["critic_grad_norm"])
        self.updates += 1
        if self.updates % case["policy_delay"] == 0:
            critic_features = None if features is None else features.detach()
            actor_features = critic_features
            if image is not None and case["wiring"] != "shared_critic":
                actor_features = self.online.actor.encoder(image)
            if image is not None and case["wiring"] == "legacy":
                critic_features = actor_features
            pi, before = self.online.actor(actor_features, vector, stretches)
            q, _ = self.online.critic(critic_features, vector, pi, stretches)
            actor_loss = -q.mean() + case["pre_tanh_penalty"] * (before**2).mean()
            if experts := round(case["demonstration_share"] * len(action)):
                # The last rows are the expert's; this is update self.updates, counted from 1.
                left = max(0.0, 1.0 - (self.updates - 1) / case["bc_decay_updates"])
                distance = ((pi[-experts:] - label[-experts:])**2).mean()
                actor_loss = actor_loss + case["bc_weight"] * left * distance
                if left > 0.0:
                    record["bc_loss"] = float(distance)
            record["actor_loss"] = float(actor_loss)
            record["q_actor_mean"] = float(q.mean())
            record["actor_norm"] = self.step("actor", actor_loss, case["actor_grad_norm"])
            with torch.no_grad():
                for slow, fast in zip(self.target.parameters(), self.online.parameters()):
                    slow.mul_(1.0 - case["tau"]).add_(fast, alpha=case["tau"])
                for slow, fast in zip(self.target.buffers(), self.online.buffers()):
                    slow.copy_(fast)
        return record

    def imitate(self, batch):
        """Supervised: the actor's mean squared error against the teacher's actions, nothing else."""
        (image, vector, stretches), _, _, label, _, _ = batch
        features = None if image is None else self.online.actor.encoder(image)
        pi, _ = self.online.actor(features, vector, stretches)
        loss = torch.nn.functional.mse_loss(pi, label)
        self.updates += 1
        return {"bc_loss": float(loss),
                "actor_norm": self.step("actor", loss, self.case["actor_grad_norm"])}

    def state(self):
        tensors = {}
        for prefix, agent in (("", self.online), ("target_", self.target)):
            for name, value in agent.state_dict().items():
                name = prefix + slot(name)
                if name.startswith("target_") and "/encoder/" in name and not self.case["target_encoder"]:
                    continue
                if name.endswith(NOT_EXCHANGED):
                    continue
                tensors[name] = value
        for group, optimizer in self.optimizers.items():
            for name, parameter in getattr(self.online, group).named_parameters():
                moments = optimizer.state.get(parameter)  # none for an optimizer that never stepped
                for kind, key in (("first", "exp_avg"), ("second", "exp_avg_sq")):
                    value = torch.zeros_like(parameter) if moments is None else moments[key]
                    tensors[f"adam/{kind}_moment/{group}/{slot(name)}"] = value
        if self.delta_last is not None:
            tensors["momentum/delta_last"] = self.delta_last
        return tensors


def main(directory):
    directory = pathlib.Path(directory)
    case = json.loads((directory / "case.json").read_text())
    torch.set_num_threads(case["threads"])
    dtype = {"F32": torch.float32, "F64": torch.float64}[case["dtype"]]
    tensors = read_tensors(case["tensors"], directory / "case.bin")
    learner = Td3(case, tensors, dtype)
    experience = Experience(tensors, case, dtype)
    records = []
    for i, rows in enumerate(case["batches"]):
        batch = experience.batch(rows)
        if case["imitation"] != "none":
            records.append(learner.imitate(batch))
            continue
        weight = torch.tensor(case["weights"][i], dtype=dtype) if "weights" in case else None
        records.append(learner.update(batch, weight))
    index = write_tensors(learner.state(), directory / "result.bin")
    (directory / "result.json").write_text(json.dumps({"tensors": index, "records": records}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
