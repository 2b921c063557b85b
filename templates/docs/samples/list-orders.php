<?php
$page = ["limit" => 100];
do {
    $curl = curl_init("https://shop.example/api/v1/orders?" . http_build_query($page));
    curl_setopt_array($curl, [
        CURLOPT_HTTPHEADER => ["Authorization: Bearer jm_…"],
        CURLOPT_RETURNTRANSFER => true,
    ]);
    $data = json_decode(curl_exec($curl), true)["data"];
    foreach ($data["items"] as $order) {
        echo "$order[id] $order[status]\n";
    }
    $page["cursor"] = $data["nextCursor"];
} while ($page["cursor"] !== null);
