// What a flame graph does in a browser: details under the pointer, zoom by a click,
// search. Frames are <g class="f"> with data-x, data-w (where, how much, in units of
// the samples), data-d (depth) and a <title> whose first line is the name. Without this
// script the picture stands as it is.
(function () {
	"use strict";
	var svg = document.documentElement.tagName === "svg" ? document.documentElement
							      : document.querySelector("svg");
	var left = 10, width = 1180, letter = 7.25, pad = 3, top = 70, row = 18;
	var frames = Array.prototype.slice.call(svg.querySelectorAll("g.f")).map(function (g) {
		return {
			g: g, rect: g.querySelector("rect"), text: g.querySelector("text"),
			title: g.querySelector("title").textContent,
			name: g.querySelector("title").textContent.split("\n")[0],
			x: +g.getAttribute("data-x"), w: +g.getAttribute("data-w"),
			d: +g.getAttribute("data-d")
		};
	});
	var all = frames[0];
	var details = svg.querySelector("#details"), matched = svg.querySelector("#matched");
	var reset = svg.querySelector("#reset"), field = svg.querySelector("#search");
	var flip = svg.querySelector("#flip"), panel = svg.querySelector("#panel");
	var idle = details.textContent, upright = true;
	var rows = 1 + frames.reduce(function (most, f) { return Math.max(most, f.d); }, 0);

	function fit(name, pixels) {
		var letters = Array.from(name), room = Math.floor((pixels - 2 * pad) / letter);

		if (room < 3)
			return "";
		return letters.length <= room ? name : letters.slice(0, room - 2).join("") + "..";
	}

	function place(frame, x, w) {
		frame.rect.setAttribute("x", x.toFixed(2));
		frame.rect.setAttribute("width", w.toFixed(2));
		frame.text.setAttribute("x", (x + pad).toFixed(2));
		frame.text.textContent = fit(frame.name, w);
	}

	// Frames below the one that is zoomed to hold all of it, and are pale.
	function zoom(to) {
		var scale = width / (to.w || 1);

		frames.forEach(function (f) {
			var below = f.d < to.d && f.x <= to.x && f.x + f.w >= to.x + to.w;
			var inside = f.d >= to.d && f.x >= to.x && f.x + f.w <= to.x + to.w;

			f.g.classList.toggle("hidden", !below && !inside);
			f.g.classList.toggle("below", below);
			if (below)
				place(f, left, width);
			else if (inside)
				place(f, left + (f.x - to.x) * scale, f.w * scale);
		});
		reset.classList.toggle("hidden", to === all);
	}

	// The root at the bottom, or at the top.
	function turn() {
		upright = !upright;
		frames.forEach(function (f) {
			var y = top + row * (upright ? rows - 1 - f.d : f.d);

			f.rect.setAttribute("y", y);
			f.text.setAttribute("y", y + 13);
		});
		show_root();
	}

	function show_root() {
		var bottom = top + row * rows + 10;

		window.scrollTo(0, upright && bottom > window.innerHeight
				   ? bottom - window.innerHeight : 0);
	}

	// The panel stays in sight.
	function follow() {
		panel.setAttribute("transform", "translate(0," + window.scrollY + ")");
	}

	// How much of everything is in matching frames, each part counted once.
	function share(hits) {
		var sum = 0, end = -1;

		hits.sort(function (a, b) { return a.x - b.x || b.w - a.w; });
		hits.forEach(function (f) {
			if (f.x + f.w <= end)
				return;
			sum += f.x + f.w - Math.max(f.x, end);
			end = f.x + f.w;
		});
		return 100 * sum / (all.w || 1);
	}

	function literal(text) {
		return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
	}

	// A regular expression, or the text itself if it is none.
	function pattern(text) {
		try {
			return new RegExp(text);
		} catch (e) {
			return new RegExp(literal(text));
		}
	}

	function search(text) {
		var what = text ? pattern(text) : null;
		var hits = frames.filter(function (f) {
			var hit = what && f !== all && what.test(f.name);

			f.g.classList.toggle("hit", Boolean(hit));
			return hit;
		});

		matched.textContent = what ? "matched: " + share(hits).toFixed(2) + "%" : "";
	}

	function frame_of(target) {
		var g = target.closest ? target.closest("g.f") : null;

		return g && frames.find(function (f) { return f.g === g; });
	}

	svg.addEventListener("click", function (event) {
		var frame = frame_of(event.target), entry = event.target.closest("g.row");

		if (frame)
			zoom(frame);
		else if (event.target === reset)
			zoom(all);
		else if (event.target === flip)
			turn();
		else if (entry) {
			field.value = "^" + literal(entry.querySelector("title").textContent) + "$";
			search(field.value);
		}
	});
	svg.addEventListener("mouseover", function (event) {
		var frame = frame_of(event.target);

		details.textContent = frame ? frame.title.split("\n").join("   ") : idle;
	});
	field.addEventListener("input", function () { search(field.value); });
	window.addEventListener("keydown", function (event) {
		if (event.key === "Escape") {
			field.value = "";
			search("");
			zoom(all);
		} else if ((event.ctrlKey || event.metaKey) && event.key === "f") {
			event.preventDefault();
			field.focus();
		}
	});
	window.addEventListener("scroll", follow);
	svg.querySelector("#find").classList.remove("hidden");
	flip.classList.remove("hidden");
	show_root();
})();
