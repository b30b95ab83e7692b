#!/usr/bin/python3
"""The peer of `volante bench update/*`: one TD3 update as it is commonly written in PyTorch
(torch.nn modules, torch.optim.Adam, clip_grad_norm_, a loop over parameters for the targets), on
the torch that is installed and with its defaults. Prints one JSON object: updates per second.

  peer_update.py KIND [--batch 256] [--threads 2] [--seconds 2] [--repeats 5]

KIND: nature (NatureCNN, separate encoders for actor and critic, features and vector concatenated),
nature_layernorm (the same with normalisation after each layer) or state (the 53 numbers alone).
Each update casts a uint8 batch, trains the critic and, every second time, the actor and the
targets."""

import argparse
import json
import statistics
import time

import torch
from torch.nn import functional as F

from td3_networks import ACTION_SIZE, VECTOR_SIZE, Agent

GAMMA, TAU, NOISE, CLIP, DELAY = 0.99, 0.005, 0.2, 0.5, 2


class Peer:
    def __init__(self, kind):
        self.camera = kind != "state"
        case = {"mode": "camera_vector" if self.camera else "vector", "wiring": "separate",
                "fusion": "concat", "encoder": kind if self.camera else "nature", "feature_width": 512, "trunk_width": 64,
                "head_widths": [256, 256]}
        self.online, self.target = Agent(case), Agent(case)
        self.target.load_state_dict(self.online.state_dict())
        self.actor_optimizer = torch.optim.Adam(self.online.actor.parameters(), lr=3e-4)
        self.critic_optimizer = torch.optim.Adam(self.online.critic.parameters(), lr=3e-4)
        self.updates = 0

    def encode(self, network, image):
        return network.encoder(image) if self.camera else None

    def cast(self, image):
        return image.float() / 127.5 - 1.0 if self.camera else None

    def update(self, batch):
        image, next_image = self.cast(batch["image"]), self.cast(batch["next_image"])
        vector, next_vector, action = batch["vector"], batch["next_vector"], batch["action"]
        online, target = self.online, self.target
        with torch.no_grad():
            next_action, _ = target.actor(self.encode(target.actor, next_image), next_vector)
            noise = (torch.randn_like(next_action) * NOISE).clamp(-CLIP, CLIP)
            next_action = (next_action + noise).clamp(-1, 1)
            q1, q2 = target.critic(self.encode(target.critic, next_image), next_vector,
                                   next_action)
            y = batch["reward"] + GAMMA * (1 - batch["done"]) * torch.min(q1, q2)
        q1, q2 = online.critic(self.encode(online.critic, image), vector, action)
        loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)
        self.critic_optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(online.critic.parameters(), 10.0)
        self.critic_optimizer.step()
        self.updates += 1
        if self.updates % DELAY:
            return
        with torch.no_grad():
            features = self.encode(online.critic, image)
        pi, _ = online.actor(self.encode(online.actor, image), vector)
        actor_loss = -online.critic(features, vector, pi)[0].mean()
        self.actor_optimizer.zero_grad()
        actor_loss.backward()
        torch.nn.utils.clip_grad_norm_(online.actor.parameters(), 1.0)
        self.actor_optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), online.parameters()):
                slow.mul_(1 - TAU).add_(fast, alpha=TAU)


def random_batch(size, camera):
    def image():
        return torch.randint(0, 256, (size, 4, 84, 84), dtype=torch.uint8) if camera else None
    vector_size = VECTOR_SIZE["camera_vector" if camera else "vector"]
    return {"image": image(), "next_image": image(), "vector": torch.randn(size, vector_size),
            "next_vector": torch.randn(size, vector_size),
            "action": torch.rand(size, ACTION_SIZE) * 2 - 1, "reward": torch.randn(size),
            "done": (torch.rand(size) < 0.05).float()}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["nature", "nature_layernorm", "state"])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    peer = Peer(arguments.kind)
    batches = [random_batch(arguments.batch, peer.camera) for _ in range(4)]
    for i in range(4):
        peer.update(batches[i])
    rates, cpu_start, total = [], time.process_time(), 0
    for _ in range(arguments.repeats):
        start, count = time.perf_counter(), 0
        while True:
            peer.update(batches[count % 4])
            count += 1
            elapsed = time.perf_counter() - start
            if elapsed >= arguments.seconds and count % DELAY == 0:
                break
        rates.append(count / elapsed)
        total += count
    cpu_seconds = time.process_time() - cpu_start
    print(json.dumps({"name": f"update/{arguments.kind}/batch{arguments.batch}",
                      "value": statistics.median(rates), "unit": "updates/s",
                      "n": arguments.repeats, "rates": rates, "cpu_ms_per_update": 1e3 * cpu_seconds / total, "threads": arguments.threads,
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
